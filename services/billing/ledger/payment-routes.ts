import * as contract from '#contracts/billing.ts';
import { createBatcher } from '#platform/async/batcher.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import { isRowFault } from '#platform/postgres/errors.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { foreignCurrency } from './currency.ts';
import { type DecisionResult, decidePayments, type PaymentCommand } from './decide-payment.ts';
import { declined } from './declined.ts';
import { findDecision } from './payment-store.ts';
import { findOperation, type NumberedOperation } from './store.ts';
import { ledgerIn } from './transactions.ts';

// Several times as long as the transaction of a batch takes. After it each command waits for its own
// wallet, so that one locked wallet does not delay the others.
const LOCK_TIMEOUT_MS = 100;

/** Decides payments, concurrent ones in one transaction. */
function createDecider(
  database: Database,
  currency: string,
  onResult: (result: DecisionResult) => void,
): (command: PaymentCommand) => Promise<DecisionResult> {
  const decisions = ledgerIn(database, currency);
  const batchedDecisions = ledgerIn(database, currency, { lockTimeoutMs: LOCK_TIMEOUT_MS });
  const decideInBatch = createBatcher({
    name: 'decide payments',
    run: (commands: PaymentCommand[]) =>
      decidePayments(commands.length === 1 ? decisions : batchedDecisions, commands),
    isItemError: isRowFault,
    isOwn: ({ orderId }, decided) =>
      decided.payment === null ||
      (decided.payment.orderId === orderId &&
        (decided.charge === null || decided.charge.orderId === orderId)),
    batchMax: 64,
    maxConcurrency: 1,
    waitingMax: 1_024,
  });
  return async (given) => {
    // As PostgreSQL spells it, or the decision that exists would not be recognised.
    const command = { ...given, orderId: given.orderId.toLowerCase() };
    const decided = await decideInBatch(command);
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
  const decide = createDecider(database, currency, onResult);

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
