import type { PaymentRepair } from '#contracts/billing.ts';
import { type RepairResult, repairProblems } from '#contracts/repairs.ts';
import { AppError } from '#platform/errors.ts';
import type { RepairRow } from '#platform/postgres/repair-log.ts';
import { charge, type DecisionStore } from './decide-payment.ts';
import { declined } from './declined.ts';
import type { PaymentRow } from './payment-store.ts';
import type { OperationRow } from './store.ts';

/** The statements of one transaction, in the order of their use. */
export interface RepairStore extends DecisionStore {
  /** @returns false where the same step of this order is recorded already */
  insertRepair: (repair: RepairRow) => Promise<boolean>;
}

export interface RepairPaymentDeps {
  transaction: <T>(work: (store: RepairStore) => Promise<T>) => Promise<T>;
  /** Reverses the charge of an order, and records the step in the same transaction. */
  reverseCharge: (
    payment: PaymentRow,
    author: { reason: string; madeBy: string },
  ) => Promise<RepairResult['state']>;
  findPayment: (orderId: string) => Promise<PaymentRow | null>;
}

/** Repairs that write the decision of an order again, because billing was restored. */
type DecisionRepair = Extract<PaymentRepair, { amount: unknown }>;

/**
 * Makes a payment agree with its order again, once. A decision that exists stays, and a charge never
 * takes more than the wallet holds. Invariants I1, I2 and I4.
 * @throws AppError `repair-refused` for a payment that is not as the repair expects it,
 *   `insufficient-funds` for a charge that the wallet does not hold
 */
export async function repairPayment(
  deps: RepairPaymentDeps,
  orderId: string,
  repair: PaymentRepair,
): Promise<RepairResult['state']> {
  if ('amount' in repair) {
    return deps.transaction((store) => recordDecision(store, orderId, repair));
  }
  const payment = await deps.findPayment(orderId);
  if (payment === null) refuse(orderId, 'has no decision');
  const { reason, madeBy } = repair;
  if (repair.step === 'reverse-charge') {
    if (payment.decision !== 'captured') refuse(orderId, `is ${payment.decision}`);
    return deps.reverseCharge(payment, { reason, madeBy });
  }
  // A decision never changes, so it needs no lock.
  if (payment.decision === 'captured') refuse(orderId, 'is captured: reverse its charge');
  return deps.transaction(async (store) => {
    const { customerId } = payment;
    const record = { step: repair.step, subject: orderId, reason, madeBy };
    const audit = {
      subject: { orderId, customerId },
      before: { decision: payment.decision, settled: null },
      after: { decision: payment.decision, settled: repair.step },
    };
    const done = await store.insertRepair({ ...record, detail: { customerId }, audit });
    return done ? 'done' : 'already';
  });
}

async function recordDecision(
  store: RepairStore,
  orderId: string,
  repair: DecisionRepair,
): Promise<RepairResult['state']> {
  const { customerId, amount, step, reason, madeBy } = repair;
  // The wallet first, as every decision does, so that a late request for this order waits here.
  const [wallets, [existing]] = await Promise.all([
    store.lockWallets([customerId]),
    store.findPayments([orderId]),
  ]);
  const payment: PaymentRow = {
    orderId,
    customerId,
    amount: amount.amount,
    currency: amount.currency,
    decision: decisionOf(repair),
    operationId: repair.step === 'charge-again' ? repair.operationId.toLowerCase() : null,
    balanceSeen: null,
  };
  if (existing !== undefined) {
    if (isSame(existing, payment)) return 'already';
    refuse(orderId, `is ${existing.decision} already`);
  }
  const wallet = wallets.get(customerId);
  if (wallet === undefined) return refuse(orderId, 'has no wallet');
  const operations: OperationRow[] = [];
  if (payment.operationId !== null) {
    if (wallet.currency !== amount.currency) refuse(orderId, `costs ${amount.currency}`);
    payment.balanceSeen = wallet.balance;
    const operation = charge(wallet, payment, payment.operationId);
    if (operation === null) throw declined(payment);
    operations.push(operation);
  }
  const charged = { ...amount, amount: -amount.amount };
  const detail =
    payment.operationId === null
      ? { customerId }
      : { customerId, operationId: payment.operationId, amount: charged };
  const { operationId, decision, balanceSeen } = payment;
  const balances =
    operationId === null || balanceSeen === null
      ? { before: {}, after: {} }
      : {
          before: { balance: { ...amount, amount: balanceSeen } },
          after: { balance: { ...amount, amount: balanceSeen - amount.amount } },
        };
  const audit = {
    subject: { orderId, customerId, ...(operationId !== null && { operationId }) },
    before: { decision: null, ...balances.before },
    after: { decision, ...balances.after },
  };
  await store.insertRepair({ step, subject: orderId, detail, reason, madeBy, audit });
  const changed = operations.length === 0 ? [] : [wallet];
  await store.recordDecisions({ payments: [payment], operations, wallets: changed });
  return 'done';
}

function decisionOf(repair: DecisionRepair): PaymentRow['decision'] {
  switch (repair.step) {
    case 'charge-again':
      return 'captured';
    case 'record-decision':
      return repair.decision;
    case 'write-off':
      // The order was paid and its payment is lost, so nothing may charge it later.
      return 'voided';
  }
}

function isSame(one: PaymentRow, other: PaymentRow): boolean {
  return (
    one.customerId === other.customerId &&
    one.amount === other.amount &&
    one.currency === other.currency &&
    one.decision === other.decision &&
    one.operationId === other.operationId
  );
}

function refuse(orderId: string, why: string): never {
  throw new AppError(repairProblems.repairRefused, `the payment of ${orderId} ${why}`);
}
