import * as contract from '#contracts/billing.ts';
import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import { createBatcher } from '#platform/async/batcher.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { decodeCursor, pageOf } from '#platform/http/page.ts';
import type { Database } from '#platform/postgres/database.ts';
import { isRowFault } from '#platform/postgres/errors.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { foreignCurrency } from './currency.ts';
import { type DecisionResult, decidePayments, type PaymentCommand } from './decide-payment.ts';
import { declined } from './declined.ts';
import { reverseOperation } from './reverse-operation.ts';
import * as store from './store.ts';
import { topUp } from './top-up.ts';
import { decisionsIn, reversalsIn, topUpsIn } from './transactions.ts';

const CURSOR = /^operations:([1-9]\d{0,15})$/;

// Some times what a transaction of many takes. After it each waits for its own wallet: who died or
// stands still with the lock of one must not hold the others up.
const LOCK_TIMEOUT_MS = 100;

/** The internal API of billing (`contracts/billing.ts`). */
export function serveBilling(api: InternalApi, database: Database, currency: string): void {
  const decisions = decisionsIn(database, currency);
  const topUps = topUpsIn(database, currency);
  const reversals = reversalsIn(database, currency);
  const decisionsOfMany = decisionsIn(database, currency, { lockTimeoutMs: LOCK_TIMEOUT_MS });
  const decideWithOthers = createBatcher({
    run: (wishes: PaymentCommand[]) =>
      decidePayments(wishes.length === 1 ? decisions : decisionsOfMany, wishes),
    isItemError: isRowFault,
    isOwn: ({ orderId }, decided) =>
      decided.payment === null ||
      (decided.payment.orderId === orderId &&
        (decided.charge === null || decided.charge.orderId === orderId)),
    batchMax: 64,
    maxConcurrency: 1,
    waitingMax: 1_024,
  });

  async function decideOne(given: PaymentCommand): Promise<DecisionResult> {
    // As PostgreSQL spells it, or the decision that exists would not be recognised.
    const wish = { ...given, orderId: given.orderId.toLowerCase() };
    const decided = await decideWithOthers(wish);
    if (decided.payment === null) throw foreignCurrency(wish, decided.walletCurrency);
    const { payment } = decided;
    if (
      payment.customerId !== wish.customerId ||
      payment.amount !== wish.amount ||
      payment.currency !== wish.currency
    ) {
      throw new AppError(
        contract.billingProblems.paymentMismatch,
        `payment of order ${wish.orderId} asked with other data than it was decided with`,
      );
    }
    return decided;
  }

  async function getOperation(id: string): Promise<store.NumberedOperation> {
    const operation = await store.findOperation(database, id);
    if (operation === null) {
      throw new AppError(commonProblems.internal, `operation ${id} is missing`);
    }
    return operation;
  }

  api.serve(contract.decidePayment, async ({ params, body }) => {
    const { payment, fresh, charge } = await decideOne({
      kind: 'pay',
      orderId: params.orderId,
      customerId: body.customerId,
      amount: body.amount.amount,
      currency: body.amount.currency,
    });
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
    const { payment } = await decideOne({
      kind: 'void',
      orderId: params.orderId,
      customerId: body.customerId,
      amount: body.amount.amount,
      currency: body.amount.currency,
    });
    const { orderId, decision, operationId } = payment;
    return { status: 200, body: { orderId, decision, operationId } };
  });

  api.serve(contract.getDecision, async ({ params }) => {
    const payment = await store.findDecision(database, params.orderId);
    if (payment === null) {
      throw new AppError(commonProblems.notFound, `no decision for ${params.orderId}`);
    }
    const { orderId, decision, decidedAt, operationId, amount, balanceSeen, currency } = payment;
    return {
      status: 200,
      body: {
        orderId,
        decision,
        decidedAt,
        amount: { amount, currency },
        balanceSeen: balanceSeen === null ? null : { amount: balanceSeen, currency },
        operation: operationId === null ? null : operationOf(await getOperation(operationId)),
      },
    };
  });

  api.serve(contract.getWallet, async ({ params }) => {
    const { customerId } = params;
    // Only a wallet that does not exist yet has the currency of the setting.
    const balance = (await store.findBalance(database, customerId)) ?? { amount: 0, currency };
    return { status: 200, body: { customerId, balance } };
  });

  api.serve(contract.topUpWallet, async ({ params, body }) => {
    const operation = await topUp(topUps, { customerId: params.customerId, ...body });
    return { status: 201, body: operation };
  });

  api.serve(contract.reverseTopUp, async ({ params, body }) => {
    const request = { ...params, ...body, type: 'top_up' } as const;
    return { status: 201, body: await reverseOperation(reversals, request) };
  });

  api.serve(contract.listOperations, async ({ params, query }) => {
    const limit = query.limit ?? PAGE_SIZE_DEFAULT;
    const before = decodeCursor(query.cursor, CURSOR);
    const operations = await store.listOperations(database, {
      customerId: params.customerId,
      before: before === null ? null : Number(before),
      limit,
    });
    return { status: 200, body: pageOf(operations, limit, ({ number }) => `operations:${number}`) };
  });
}

/** Without its number: where an answer may hold an operation or null, members must be exact. */
function operationOf({ number: _, ...operation }: store.NumberedOperation) {
  return operation;
}
