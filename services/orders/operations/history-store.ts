import type { OrderEvent } from '#contracts/order-operations.ts';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { messageOf, type OutboxRow } from '#platform/messaging/outbox-relay.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { RECOVERY_COLUMNS, type RecoveryRow, recoveryOf } from '../lifecycle/pending-store.ts';
import { ORDER_COLUMNS, type OrderRow, orderOf } from '../lifecycle/store.ts';

interface HistoryRow extends OrderRow, RecoveryRow, OutboxRow {
  event_id: string | null;
  /** Null, like all that follows, when the row is past its retention. */
  outbox_id: string | null;
  event_created_at: Date | null;
  published_at: Date | null;
  partition: number | null;
  offset: string | null;
}

/** One order with its event, null while it is Pending, one snapshot. */
export async function findHistory(db: Queryable, id: string) {
  const { rows } = await db.query<HistoryRow>({
    name: 'find-history',
    text: `select ${ORDER_COLUMNS}, ${RECOVERY_COLUMNS}, event_id, event.*
      from orders left join lateral (
        select id as outbox_id, aggregateid, type, payload::text, traceparent, event_time,
          event_source, type_alias, created_at as event_created_at, published_at, partition, "offset"
        from outbox where outbox.id = event_id
      ) event on true
      where id = $1`,
    values: [id],
  });
  const row = rows[0];
  if (row === undefined) return null;
  return { order: orderOf(row), recovery: recoveryOf(row), event: eventOf(row) };
}

/** The event as its published message; the same for our relay and for Debezium. */
function eventOf(row: HistoryRow): OrderEvent | null {
  const { event_id: id, partition, offset } = row;
  if (id === null) return null;
  const message = row.outbox_id === null ? null : messageOf({ ...row, id });
  return {
    id,
    topic: ORDERS_TOPIC,
    key: message?.key ?? row.id,
    headers: Object.entries(message?.headers ?? {}).map(([name, value]) => ({ name, value })),
    value: message?.value.toString() ?? null,
    createdAt: row.event_created_at?.toISOString() ?? null,
    publishedAt: row.published_at?.toISOString() ?? null,
    partition,
    offset: offset === null ? null : Number(offset),
  };
}
