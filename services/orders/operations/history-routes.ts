import * as operations from '#contracts/order-operations.ts';
import { ORDER_UPDATE_SOURCE, ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { messageOf } from '#platform/messaging/outbox-relay.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { findHistory, type KeptEvent, type OrderHistory } from './history-store.ts';

/** Orders' part of an order's journey. */
export function serveHistory(api: InternalApi, database: Database): void {
  api.serve(operations.getOrderHistory, async ({ params, query: { customerId } }) => {
    const history = await findHistory(database, params.orderId);
    const foreign = customerId !== undefined && customerId !== history?.order.customerId;
    // The same answer for a foreign and for a missing order, so that ids cannot be probed.
    if (history === null || foreign) {
      throw new AppError(commonProblems.notFound, `no order ${params.orderId} for this caller`);
    }
    const { order, recovery } = history;
    return { status: 200, body: { order, recovery, event: eventOf(history) } };
  });
}

function eventOf({ order, eventId, outbox }: OrderHistory): operations.OrderEvent | null {
  if (eventId === null) return null;
  if (outbox !== null) return keptEventOf(outbox);
  return {
    id: eventId,
    topic: ORDERS_TOPIC,
    key: order.id,
    headers: [],
    value: null,
    createdAt: null,
    publishedAt: null,
    partition: null,
    offset: null,
  };
}

/** The event as its message goes out, whoever publishes it. */
function keptEventOf({ row, ...kept }: KeptEvent): operations.OrderEvent {
  const { key, value, headers } = messageOf(row, ORDER_UPDATE_SOURCE);
  return {
    id: row.id,
    topic: ORDERS_TOPIC,
    key,
    headers: Object.entries(headers).map(([name, text]) => ({ name, value: text })),
    value: value.toString(),
    createdAt: kept.createdAt.toISOString(),
    publishedAt: kept.publishedAt?.toISOString() ?? null,
    partition: kept.partition,
    offset: kept.offset,
  };
}
