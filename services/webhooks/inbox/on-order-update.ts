import type { OrderUpdateMessage } from '#contracts/order-update-message.ts';
import type { WebhookPayload, WebhookType } from '#contracts/webhooks.ts';
import type { ConsumedEvent } from '#platform/messaging/consumer/consumer.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { insertEvents, type StoredEvent } from './inbox-store.ts';

const TYPES = { Paid: 'order.paid', Cancelled: 'order.cancelled' } as const;

/** Makes each order update a webhook for every endpoint that wants it. */
export async function onOrderUpdates(
  db: Queryable,
  events: ConsumedEvent<OrderUpdateMessage>[],
): Promise<void> {
  await insertEvents(
    db,
    events.map(({ id, data }): StoredEvent => {
      const type = TYPES[data.status];
      const { orderId, status } = data;
      return { id, type, orderId, status, body: bodyOf(type, data) };
    }),
  );
}

/** The body of a webhook. Members of the event that this version does not know are passed on. */
export function bodyOf(type: WebhookType, data: OrderUpdateMessage): string {
  return JSON.stringify({ type, timestamp: data.occurredAt, data } satisfies WebhookPayload);
}
