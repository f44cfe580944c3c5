import { type Order, orderProblems, type PaymentRecord } from '#contracts/orders.ts';
import { AppError, commonProblems } from '#platform/errors.ts';

export interface RecordPaymentDeps {
  settleOrder: (id: string, record: PaymentRecord) => Promise<Order | null>;
  findOrder: (id: string) => Promise<Order | null>;
}

/**
 * Step 4 of the protocol: Pending becomes Paid or Cancelled, with its event; a repetition answers
 * the order as it is. Invariant I2.
 * @throws AppError `not-found`, or `payment-contradicted` when the order ended otherwise: since a
 *   decision is written once, that means a defect and is worth an alarm
 */
export async function recordPayment(
  deps: RecordPaymentDeps,
  id: string,
  record: PaymentRecord,
): Promise<{ order: Order; changed: boolean }> {
  const settled = await deps.settleOrder(id, record);
  if (settled !== null) return { order: settled, changed: true };

  const order = await deps.findOrder(id);
  if (order === null) throw new AppError(commonProblems.notFound, `no order ${id}`);
  if (!agrees(order, record)) {
    throw new AppError(
      orderProblems.paymentContradicted,
      `order ${id} is ${order.status}, asked to record ${record.decision}`,
    );
  }
  return { order, changed: false };
}

function agrees(order: Order, record: PaymentRecord): boolean {
  switch (record.decision) {
    case 'captured':
      return order.payment?.operationId === record.operationId.toLowerCase();
    case 'declined':
      return order.status === 'Cancelled' && order.statusReason === 'insufficient-funds';
    case 'voided':
      return order.status === 'Cancelled' && order.statusReason === 'voided';
  }
}
