import type { Shortage } from '#contracts/billing.ts';
import type { Order, OrderItem } from '#contracts/orders.ts';

/** What billing decided, once and for ever. */
export type Decision =
  | { decision: 'captured'; operationId: string }
  | { decision: 'declined'; shortage: Shortage }
  /** With the wallet's currency where the order is in another one, which cannot be charged. */
  | { decision: 'voided'; walletCurrency?: string };

export interface OrderRequest {
  customerId: string;
  idempotencyKey: string;
  items: OrderItem[];
}

/**
 * The neighbours. Each may be asked again and again with the same effect, and answers `null` when
 * no answer came within the request's budget: its effect is then unknown.
 */
export interface PlaceOrderDeps {
  createOrder: (request: OrderRequest) => Promise<Order | 'key-reused' | null>;
  decidePayment: (order: Order) => Promise<Decision | null>;
  recordPayment: (order: Order, decision: Decision) => Promise<Order | null>;
}

/** How an order stands when the customer is answered. */
export type Outcome =
  | { kind: 'paid'; order: Order }
  | { kind: 'declined'; order: Order; shortage: Shortage }
  | { kind: 'voided'; order: Order; walletCurrency?: string }
  /** The order exists; its outcome is not known yet. Recovery or a repetition ends it. */
  | { kind: 'pending'; order: Order }
  /** It is not known whether the order exists. */
  | { kind: 'unknown' }
  | { kind: 'key-reused' };

/**
 * The order protocol (design section 2, steps 2 to 4). Any number of callers may run it for the
 * same order at the same time: the order is one by its key, the decision is written once, the
 * status goes one way, so all of them come to the same end.
 * Never turns a missing answer into a decision.
 */
export async function placeOrder(deps: PlaceOrderDeps, request: OrderRequest): Promise<Outcome> {
  const order = await deps.createOrder(request);
  if (order === null) return { kind: 'unknown' };
  if (order === 'key-reused') return { kind: 'key-reused' };
  if (order.status === 'Paid') return { kind: 'paid', order };
  if (order.statusReason === 'voided') return { kind: 'voided', order };

  // Also for an order that was declined before: the decision tells what the wallet lacked.
  const decision = await deps.decidePayment(order);
  if (decision === null) {
    return order.status === 'Pending' ? { kind: 'pending', order } : { kind: 'unknown' };
  }
  return settleOrder(deps, order, decision);
}

/** Step 4. Recovery does the same with a decision that it got by void-or-get. */
async function settleOrder(
  deps: Pick<PlaceOrderDeps, 'recordPayment'>,
  order: Order,
  decision: Decision,
): Promise<Outcome> {
  const settled = order.status === 'Pending' ? await deps.recordPayment(order, decision) : order;
  if (settled === null) return { kind: 'pending', order };
  switch (decision.decision) {
    case 'captured':
      return { kind: 'paid', order: settled };
    case 'declined':
      return { kind: 'declined', order: settled, shortage: decision.shortage };
    case 'voided': {
      const { decision: kind, ...why } = decision;
      return { kind, order: settled, ...why };
    }
  }
}
