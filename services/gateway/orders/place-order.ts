import type { KeptDecision, Shortage } from '#contracts/billing.ts';
import type { Order, OrderContent } from '#contracts/orders.ts';

/** The decision of billing, once and for ever. */
export type Decision =
  | { decision: 'captured'; operationId: string }
  /** Without its shortage where the balance of that moment is not stored. */
  | { decision: 'declined'; shortage: Shortage | null }
  /** With the wallet's currency where the order is in another one, which cannot be charged. */
  | { decision: 'voided'; walletCurrency?: string };

export interface OrderRequest extends OrderContent {
  customerId: string;
  idempotencyKey: string;
}

/**
 * The service clients. Each may be called repeatedly with the same effect, and answers `null`
 * when no answer came before the request's deadline: its effect is then unknown.
 */
export interface PlaceOrderDeps {
  createOrder: (request: OrderRequest) => Promise<Order | 'key-reused' | null>;
  /** Decides. Only for a Pending order: it could charge an order that has ended. */
  decidePayment: (order: Order) => Promise<Decision | null>;
  /** Only reads; `'none'` where billing has no decision of this order. */
  findDecision: (order: Order) => Promise<KeptDecision | 'none' | null>;
  /** @returns the order as it is stored, also when it had ended otherwise */
  recordPayment: (order: Order, decision: Decision) => Promise<Order | null>;
  /** Logs a contradiction between records, for the operator. */
  onAlarm: (message: string) => void;
}

/** The answer to the customer. */
export type Outcome =
  /**
   * The order as it is stored. The kind of answer is its status and nothing else, so no answer
   * says that an order is paid while the order says that it is not.
   */
  | { kind: 'order'; order: Order; shortage: Shortage | null; walletCurrency?: string }
  /** It is not known whether the order exists, or why it was declined. */
  | { kind: 'unknown' }
  | { kind: 'key-reused' };

/**
 * The order protocol, steps 2 to 4 (docs/protocol.md). Any number of callers may run it for the
 * same order at the same time: the key makes it one order, the decision is written once and the
 * status changes once, so all callers get the same result.
 * Never turns a missing answer into a decision, and decides nothing for an order that has ended:
 * a billing database that was restored to an older state would decide it a second time.
 */
export async function placeOrder(deps: PlaceOrderDeps, request: OrderRequest): Promise<Outcome> {
  const order = await deps.createOrder(request);
  if (order === null) return { kind: 'unknown' };
  if (order === 'key-reused') return { kind: 'key-reused' };
  if (order.status !== 'Pending') return outcomeOf(deps, order);

  const decision = await deps.decidePayment(order);
  if (decision === null) return { kind: 'order', order, shortage: null };
  const settled = await deps.recordPayment(order, decision);
  if (settled === null) return { kind: 'order', order, shortage: null };
  if (isEndOf(settled, decision)) {
    return { kind: 'order', order: settled, ...whyOf(decision) };
  }
  deps.onAlarm(`order ${order.id} is ${endOf(settled)}, but its decision is ${decision.decision}`);
  return outcomeOf(deps, settled);
}

/** The members of an answer besides the order. */
function whyOf(
  decision: Decision,
): Pick<Outcome & { kind: 'order' }, 'shortage' | 'walletCurrency'> {
  switch (decision.decision) {
    case 'captured':
      return { shortage: null };
    case 'declined':
      return { shortage: decision.shortage };
    case 'voided': {
      const { walletCurrency } = decision;
      return { shortage: null, ...(walletCurrency !== undefined && { walletCurrency }) };
    }
  }
}

/** The answer about an order that ended before, by another request or by recovery. */
async function outcomeOf(deps: PlaceOrderDeps, order: Order): Promise<Outcome> {
  if (order.statusReason !== 'insufficient-funds') return { kind: 'order', order, shortage: null };
  const kept = await deps.findDecision(order);
  if (kept === null) return { kind: 'unknown' };
  if (
    kept !== 'none' &&
    kept.decision === 'declined' &&
    kept.amount.amount === order.total.amount
  ) {
    return { kind: 'order', order, shortage: shortageOf(kept) };
  }
  const found = kept === 'none' ? 'missing' : `${kept.decision} for ${kept.amount.amount}`;
  deps.onAlarm(`order ${order.id} is ${endOf(order)}, but its decision is ${found}`);
  return { kind: 'order', order, shortage: null };
}

/** The shortage of the wallet; null where its balance at the decision is not stored. */
function shortageOf({ amount: required, balanceSeen: balance }: KeptDecision): Shortage | null {
  if (balance === null) return null;
  const shortfall = { ...required, amount: required.amount - balance.amount };
  return { balance, required, shortfall };
}

/** Whether the order ended as its payment was decided. */
function isEndOf({ status, statusReason, payment }: Order, decision: Decision): boolean {
  switch (decision.decision) {
    case 'captured':
      return status === 'Paid' && payment?.operationId === decision.operationId;
    case 'declined':
      return statusReason === 'insufficient-funds';
    case 'voided':
      return statusReason === 'voided';
  }
}

function endOf({ status, statusReason }: Order): string {
  return statusReason === null ? status : `${status} (${statusReason})`;
}
