import { billingProblems } from '#contracts/billing.ts';
import { AppError } from '#platform/errors.ts';
import type { PaymentRow } from './store.ts';

/**
 * 406 with the balance that the decision saw, also when it is answered again later; without a
 * balance where that is not known any more.
 */
export function declined({ orderId, amount, balanceSeen, currency }: PaymentRow): AppError {
  const required = { amount, currency };
  const shortage =
    balanceSeen === null
      ? { required }
      : {
          balance: { amount: balanceSeen, currency },
          required,
          shortfall: { amount: amount - balanceSeen, currency },
        };
  return new AppError(billingProblems.insufficientFunds, `order ${orderId} declined`, {
    extra: shortage,
  });
}
