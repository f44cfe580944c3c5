import type { PaymentRepair } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import type { RepairedDifference } from '#contracts/operator.ts';
import type { AuditedOrder } from '#contracts/order-operations.ts';
import type { Remedy, RepairRefusal, RepairState } from '#contracts/repairs.ts';
import type { FoundDifference } from './reconcile.ts';

/** The operator and the reason. */
export interface RepairAuthor {
  reason: string;
  madeBy: string;
}

/** A change of a payment, without its author. */
type PaymentChange = PaymentRepair extends infer R
  ? R extends PaymentRepair
    ? Omit<R, keyof RepairAuthor>
    : never
  : never;

/** The change of a repair. `order` is the record that was compared, absent where there is none. */
export type Change =
  | { kind: 'payment'; orderId: string; order: AuditedOrder | undefined; change: PaymentChange }
  | { kind: 'event'; orderId: string; order: AuditedOrder }
  | { kind: 'letter'; orderId: string; order: AuditedOrder | undefined; letterId: string };

export interface PlannedStep {
  difference: FoundDifference;
  /** That of the difference, or a write-off on the operator's request. */
  remedy: Remedy;
  /** Null for a remedy that a repair does not perform. */
  change: Change | null;
  customerId: string | null;
  /** The change of the wallet, negative for a charge. */
  money: Money | null;
}

/**
 * Plans the repair of a difference. Depends on the records alone, so that a dry run plans the same
 * steps as a repair.
 * @param writeOff ids of Paid orders whose payment is lost for good
 */
export function planStep(difference: FoundDifference, writeOff: ReadonlySet<string>): PlannedStep {
  const { id, records, letterId, relation } = difference;
  const { order, payment } = records ?? {};
  const nothing = { difference, remedy: difference.remedy, change: null };
  const none: PlannedStep = { ...nothing, customerId: null, money: null };
  switch (difference.remedy) {
    case 'charge-again':
    case 'record-decision':
      return order === undefined ? none : planDecision(difference, order, writeOff);
    case 'reverse-charge': {
      if (payment === undefined) return none;
      const change = { step: 'reverse-charge' } as const;
      return {
        ...nothing,
        change: { kind: 'payment', orderId: id, order, change },
        customerId: payment.customerId,
        money: payment.amount,
      };
    }
    case 'publish-again': {
      if (order === undefined) return none;
      const change = { kind: 'event', orderId: id, order } as const;
      return { ...none, change, customerId: order.customerId };
    }
    case 'acknowledge': {
      // Orders is older than billing or notifications: their records cannot be undone.
      if (relation !== 'event-letter') {
        const change = { step: 'acknowledge' } as const;
        return { ...none, change: { kind: 'payment', orderId: id, order, change } };
      }
      if (letterId === undefined) return none;
      return { ...none, change: { kind: 'letter', orderId: id, order, letterId } };
    }
    default:
      return none;
  }
}

/** Billing is older than orders: writes again the decision with which the order ended. */
function planDecision(
  difference: FoundDifference,
  order: AuditedOrder,
  writeOff: ReadonlySet<string>,
): PlannedStep {
  const { id: orderId, customerId, operationId, total: amount } = order;
  const planned = (remedy: Remedy, change: PaymentChange, money: Money | null): PlannedStep => ({
    difference,
    remedy,
    change: { kind: 'payment', orderId, order, change },
    customerId,
    money,
  });
  if (order.status !== 'Paid' || operationId === null) {
    const decision = order.statusReason === 'insufficient-funds' ? 'declined' : 'voided';
    const change = { step: 'record-decision', customerId, amount, decision } as const;
    return planned('record-decision', change, null);
  }
  if (writeOff.has(orderId)) {
    return planned('write-off', { step: 'write-off', customerId, amount }, null);
  }
  const change = { step: 'charge-again', customerId, amount, operationId } as const;
  return planned('charge-again', change, { ...amount, amount: -amount.amount });
}

/** The present state of an order. */
export interface CurrentOrder {
  status: AuditedOrder['status'];
  operationId: string | null;
  eventId: string | null;
}

/** Each performs one transaction in one service, and is safe to repeat. */
export interface RepairDeps {
  /** Null where the order does not exist. */
  findOrder: (orderId: string) => Promise<CurrentOrder | null>;
  findBalance: (customerId: string) => Promise<Money>;
  /** The result of an event's delivery. */
  findDelivery: (order: AuditedOrder) => Promise<'letter' | 'dead-letter' | 'nothing'>;
  repairPayment: (orderId: string, repair: PaymentRepair) => Promise<RepairRefusal | null>;
  publishAgain: (orderId: string, author: RepairAuthor) => Promise<RepairRefusal | null>;
  acknowledgeLetter: (letterId: string, author: RepairAuthor) => Promise<RepairRefusal | null>;
}

/** A step and its result. */
export interface Repaired extends PlannedStep {
  state: RepairState;
  refusal: RepairRefusal | null;
  /** The wallet's balance, where it is too low. */
  balance: RepairedDifference['balance'];
}

/**
 * Repairs differences one after the other, or only plans the steps.
 * @param author null for a dry run
 */
export async function repairRecords(
  deps: RepairDeps,
  differences: FoundDifference[],
  { author, writeOff }: { author: RepairAuthor | null; writeOff: ReadonlySet<string> },
): Promise<Repaired[]> {
  const repaired: Repaired[] = [];
  /** Balances after the steps so far: a dry run has to remember them, since it changes none. */
  const balances = new Map<string, Money>();
  for (const difference of differences) {
    const step = planStep(difference, writeOff);
    const as = (state: RepairState, refusal: RepairRefusal | null = null) =>
      repaired.push({ ...step, state, refusal, balance: null });
    if (step.change === null) {
      as('left');
      continue;
    }
    const refusal = await refusalOf(deps, step.change);
    if (refusal !== null) {
      as('refused', refusal);
      continue;
    }
    const tooLow = await insufficientBalance(deps, step, author === null ? balances : new Map());
    if (tooLow !== null) {
      repaired.push({ ...step, state: 'refused', refusal: 'insufficient-funds', balance: tooLow });
      continue;
    }
    const refused = author === null ? null : await perform(deps, step.change, author);
    if (refused !== null) as('refused', refused);
    else as(author === null ? 'planned' : 'done');
  }
  return repaired;
}

/** Reads the order again before each step: it may have changed since it was compared. */
async function refusalOf(deps: RepairDeps, change: Change): Promise<RepairRefusal | null> {
  const { order } = change;
  const now = await deps.findOrder(change.orderId);
  const same =
    now === null || order === undefined
      ? now === null && order === undefined
      : now.status === order.status &&
        now.operationId === order.operationId &&
        now.eventId === order.eventId;
  if (!same) return 'changed';
  if (change.kind !== 'event') return null;
  const delivery = await deps.findDelivery(change.order);
  // A missing outbox row is written again also where its letter exists.
  if (delivery === 'letter') return change.order.event === 'missing' ? null : 'changed';
  return delivery === 'dead-letter' ? 'dead-letter' : null;
}

/** @returns the balance where it is too low for the step, else null */
async function insufficientBalance(
  deps: RepairDeps,
  { customerId, money }: PlannedStep,
  balances: Map<string, Money>,
): Promise<Money | null> {
  if (customerId === null || money === null) return null;
  const balance = balances.get(customerId) ?? (await deps.findBalance(customerId));
  const left = balance.amount + money.amount;
  if (money.amount < 0 && (left < 0 || balance.currency !== money.currency)) return balance;
  balances.set(customerId, { ...balance, amount: left });
  return null;
}

function perform(
  deps: RepairDeps,
  change: Change,
  author: RepairAuthor,
): Promise<RepairRefusal | null> {
  switch (change.kind) {
    case 'payment':
      return deps.repairPayment(change.orderId, { ...change.change, ...author });
    case 'event':
      return deps.publishAgain(change.orderId, author);
    case 'letter':
      return deps.acknowledgeLetter(change.letterId, author);
  }
}
