import { randomUUID } from 'node:crypto';
import { ORDER_UPDATE_TYPE, type OrderUpdateMessage } from '#contracts/order-update-message.ts';
import type { OutgoingMessage } from '#platform/broker/port/broker.ts';
import { messageOf } from '#platform/messaging/outbox-relay.ts';

/** Messages as orders publishes them, one for each order id; `version` counts on from `from`. */
export function orderEvents(orderIds: string[], from = 0): OutgoingMessage[] {
  return orderIds.map((orderId, at) => {
    const event: OrderUpdateMessage = {
      orderId,
      customerId: 'anna',
      version: from + at + 1,
      previousStatus: 'Pending',
      status: 'Paid',
      total: { amount: 500, currency: 'RUB' },
      paymentOperationId: randomUUID(),
      reason: null,
      occurredAt: '2026-11-28T09:00:00.000Z',
    };
    return messageOf({
      id: randomUUID(),
      aggregateid: orderId,
      type: ORDER_UPDATE_TYPE,
      payload: JSON.stringify(event),
      traceparent: null,
      event_time: event.occurredAt,
      event_source: '/orders',
      type_alias: null,
    });
  });
}

/** `count` ids of orders. */
export const orderIds = (count: number): string[] => Array.from({ length: count }, randomUUID);
