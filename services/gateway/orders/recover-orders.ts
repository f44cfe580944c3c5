import type { PaymentDecision } from '#contracts/billing.ts';
import type { Order, PaymentRecord } from '#contracts/orders.ts';

export interface RecoverOrdersDeps {
  /** Pending orders older than the threshold, leased to spare double work. */
  claimPending: () => Promise<Order[]>;
  /** Void-or-get: the decision, `voided` where there was none. */
  voidPayment: (order: Order) => Promise<PaymentDecision>;
  recordPayment: (order: Order, record: PaymentRecord) => Promise<Order>;
  /** False ends the round early: the gateway stops. */
  mayGoOn: () => boolean;
  /** Told of an order that could not be recovered now; a later round tries it again. */
  onFailure: (order: Order, error: unknown) => Promise<void>;
}

// At once: after an outage thousands may wait, and each takes two calls one after the other.
const CONCURRENCY = 8;

/**
 * One round of recovery (docs/protocol.md): ends orders whose request died on the way. An order
 * whose charge was captured becomes Paid; one without a decision is voided for ever, so that no
 * late charge can succeed, and becomes Cancelled. Invariant I3. Safe in every gateway at once and
 * beside live requests; it trusts no clock.
 * @returns how many orders were claimed, and how many of them ended
 */
export async function recoverOrders(
  deps: RecoverOrdersDeps,
): Promise<{ claimed: number; recovered: number }> {
  const orders = await deps.claimPending();
  let recovered = 0;
  const queue = orders.values();
  async function work(): Promise<void> {
    for (const order of queue) {
      if (!deps.mayGoOn()) return;
      try {
        await recoverOrder(deps, order);
        recovered++;
      } catch (error) {
        await deps.onFailure(order, error);
      }
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return { claimed: orders.length, recovered };
}

async function recoverOrder(deps: RecoverOrdersDeps, order: Order): Promise<void> {
  const { decision, operationId } = await deps.voidPayment(order);
  const record: PaymentRecord =
    decision === 'captured' ? { decision, operationId: operationId as string } : { decision };
  await deps.recordPayment(order, record);
}
