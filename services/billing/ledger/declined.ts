import { billingProblems } from '#contracts/billing.ts';
import { AppError } from '#platform/errors.ts';
import type { PaymentRow } from './payment-store.ts';

/**
 * 406 with the balance at the moment of the decision, also when it is answered again later. Without
 * a balance after a restore, which loses it.
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
