import type { OrderUpdateMessage } from '#contracts/order-update-message.ts';
import {
  WEBHOOK_ENDPOINTS_MAX,
  type WebhookPayload,
  type WebhookType,
} from '#contracts/webhooks.ts';
import type { ConsumedEvent } from '#platform/messaging/consumer/consumer.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { countEnabled, insertEvents, type StoredEvent } from './inbox-store.ts';

const TYPES = { Paid: 'order.paid', Cancelled: 'order.cancelled' } as const;

/** Makes each order update a webhook for every endpoint that wants it. */
export async function onOrderUpdates(
  db: Queryable,
  events: ConsumedEvent<OrderUpdateMessage>[],
): Promise<void> {
  const rows = events.map(({ id, data }): StoredEvent => {
    const type = TYPES[data.status];
    const { orderId, status } = data;
    return { id, type, orderId, status, body: bodyOf(type, data) };
  });
  // Each event and its deliveries are one statement, so parts may be stored by themselves: what a
  // crash leaves out comes again.
  const few = rows.length <= partOf(WEBHOOK_ENDPOINTS_MAX);
  const part = few ? rows.length : partOf(await countEnabled(db));
  for (let from = 0; from < rows.length; from += part) {
    await insertEvents(db, rows.slice(from, from + part));
  }
}

// A statement of this many deliveries stays far below the statement timeout.
const ROWS_MAX = 2_000;
const EVENTS_MAX = 500;

/** Most events of one statement. */
const partOf = (endpoints: number) =>
  Math.max(1, Math.min(EVENTS_MAX, Math.floor(ROWS_MAX / Math.max(1, endpoints))));

/** The body of a webhook. Members of the event that this version does not know are passed on. */
export function bodyOf(type: WebhookType, data: OrderUpdateMessage): string {
  return JSON.stringify({ type, timestamp: data.occurredAt, data } satisfies WebhookPayload);
}
