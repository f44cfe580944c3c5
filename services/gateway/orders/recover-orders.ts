import type { PaymentDecision } from '#contracts/billing.ts';
import type { Order, PaymentRecord } from '#contracts/orders.ts';
import { inWork, SpanKind } from '#platform/telemetry/tracing.ts';

export interface RecoverOrdersDeps {
  /** Pending orders older than the threshold. The lease keeps other gateways off them. */
  claimPending: () => Promise<Order[]>;
  /** Void-or-get: the decision, `voided` where there was none. */
  voidPayment: (order: Order) => Promise<PaymentDecision>;
  recordPayment: (order: Order, record: PaymentRecord) => Promise<Order>;
  /** False ends the round early: the gateway stops. */
  mayGoOn: () => boolean;
  /** Called for an order that has ended. */
  onRecovered: (decision: PaymentDecision['decision']) => void;
  /** Called for an order that could not be recovered; a later round tries it again. */
  onFailure: (order: Order, error: unknown) => Promise<void>;
}

// After an outage thousands of orders may wait, and each takes two calls in sequence.
const CONCURRENCY = 8;

const RECOVERY = { name: 'recover order', kind: SpanKind.INTERNAL, service: 'gateway' };

/**
 * One round of recovery (docs/protocol.md): ends orders whose request died. A captured order becomes
 * Paid. An order without a decision is voided for ever, so that no late charge can succeed, and
 * becomes Cancelled. Invariant I3. Several gateways may run it at once and during live requests; it
 * depends on no clock.
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
      // The trace of the order's request is not known any more.
      await inWork({ ...RECOVERY, fields: { orderId: order.id } }, async () => {
        try {
          const { decision } = await endOrder(deps, order);
          deps.onRecovered(decision);
          recovered++;
        } catch (error) {
          await deps.onFailure(order, error);
        }
      });
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return { claimed: orders.length, recovered };
}

/**
 * Ends one pending order by the decision that exists, else by a void. Recovery and an operator's
 * settlement take this way, and either may repeat it.
 * @returns the order as it ended
 * @throws AppError where a service does not answer: the order stays Pending
 */
export async function endOrder(
  deps: Pick<RecoverOrdersDeps, 'voidPayment' | 'recordPayment'>,
  pending: Order,
): Promise<{ order: Order; decision: PaymentDecision['decision'] }> {
  const { decision, operationId } = await deps.voidPayment(pending);
  const record: PaymentRecord =
    decision === 'captured' ? { decision, operationId: operationId as string } : { decision };
  return { order: await deps.recordPayment(pending, record), decision };
}
