import * as contract from '#contracts/billing.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { foreignCurrency } from './currency.ts';
import type { DecisionResult, PaymentCommand } from './decide-payment.ts';
import { createDecider } from './decider.ts';
import { declined } from './declined.ts';
import { findDecision } from './payment-store.ts';
import { findOperation, type NumberedOperation } from './store.ts';

/** Decides payments, and refuses a command that names other data than its order was decided with. */
function createCheckedDecider(
  database: Database,
  currency: string,
  onResult: (result: DecisionResult) => void,
): (command: PaymentCommand) => Promise<DecisionResult> {
  const decideOne = createDecider(database, currency);
  return async (given) => {
    // As PostgreSQL spells it, or the decision that exists would not be recognised.
    const command = { ...given, orderId: given.orderId.toLowerCase() };
    const decided = await decideOne(command);
    if (decided.payment === null) throw foreignCurrency(command, decided.walletCurrency);
    onResult(decided);
    const { payment } = decided;
    if (
      payment.customerId !== command.customerId ||
      payment.amount !== command.amount ||
      payment.currency !== command.currency
    ) {
      throw new AppError(
        contract.billingProblems.paymentMismatch,
        `payment of order ${command.orderId} asked with other data than it was decided with`,
      );
    }
    return decided;
  };
}

/**
 * The internal API of payment decisions (`contracts/billing.ts`).
 * @param onResult gets every decision that is made or found
 */
export function servePayments(
  api: InternalApi,
  database: Database,
  currency: string,
  onResult: (result: DecisionResult) => void,
): void {
  const decide = createCheckedDecider(database, currency, onResult);

  async function getOperation(id: string): Promise<NumberedOperation> {
    const operation = await findOperation(database, id);
    if (operation !== null) return operation;
    throw new AppError(commonProblems.internal, `operation ${id} is missing`);
  }

  api.serve(contract.decidePayment, async ({ params, body }) => {
    const command: PaymentCommand = { kind: 'pay', ...params, ...body, ...body.amount };
    const { payment, fresh, charge } = await decide(command);
    if (payment.decision === 'declined') throw declined(payment);
    if (payment.decision === 'voided') {
      throw new AppError(contract.billingProblems.paymentVoided, `${params.orderId} was voided`);
    }
    const operation = charge ?? (await getOperation(payment.operationId as string));
    return {
      status: fresh ? 201 : 200,
      body: { orderId: payment.orderId, decision: 'captured', operation },
    };
  });

  api.serve(contract.voidPayment, async ({ params, body }) => {
    const { payment } = await decide({ kind: 'void', ...params, ...body, ...body.amount });
    const { orderId, decision, operationId } = payment;
    return { status: 200, body: { orderId, decision, operationId } };
  });

  api.serve(contract.getDecision, async ({ params }) => {
    const payment = await findDecision(database, params.orderId);
    if (payment === null) {
      throw new AppError(commonProblems.notFound, `no decision for ${params.orderId}`);
    }
    const { orderId, decision, operationId, amount, balanceSeen, currency } = payment;
    const operation = operationId === null ? null : await getOperation(operationId);
    return {
      status: 200,
      body: {
        orderId,
        decision,
        decidedAt: payment.decided_at.toISOString(),
        amount: { amount, currency },
        balanceSeen: balanceSeen === null ? null : { amount: balanceSeen, currency },
        operation: operation && withoutNumber(operation),
      },
    };
  });
}

/** Without its number: where an answer may hold an operation or null, members must be exact. */
function withoutNumber({ number: _, ...operation }: NumberedOperation) {
  return operation;
}
