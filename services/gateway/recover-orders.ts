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
  /** Told of an order that could not be recovered now; the next round tries it again. */
  onFailure: (order: Order, error: unknown) => void;
}

/**
 * One round of recovery (design section 2): ends orders whose request died on the way. An order
 * whose charge was captured becomes Paid; one without a decision is voided for ever, so that no
 * late charge can succeed, and becomes Cancelled. Invariant I3. Safe in every gateway at once and
 * beside live requests; it trusts no clock.
 * @returns how many orders ended
 */
export async function recoverOrders(deps: RecoverOrdersDeps): Promise<number> {
  const orders = await deps.claimPending();
  let recovered = 0;
  for (const order of orders) {
    if (!deps.mayGoOn()) break;
    try {
      const { decision, operationId } = await deps.voidPayment(order);
      const record: PaymentRecord =
        decision === 'captured' ? { decision, operationId: operationId as string } : { decision };
      await deps.recordPayment(order, record);
      recovered++;
    } catch (error) {
      deps.onFailure(order, error);
    }
  }
  return recovered;
}
