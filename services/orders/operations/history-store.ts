import type { OrderRecovery } from '#contracts/order-operations.ts';
import type { Order } from '#contracts/orders.ts';
import type { OutboxRow } from '#platform/messaging/outbox-relay.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { RECOVERY_COLUMNS, type RecoveryRow, recoveryOf } from '../lifecycle/pending-store.ts';
import { ORDER_COLUMNS, type OrderRow, orderOf } from '../lifecycle/store.ts';

/** An order and all that is kept of how it came so far. */
export interface OrderHistory {
  order: Order;
  recovery: OrderRecovery;
  /** Null while it is Pending. */
  eventId: string | null;
  /** Its event in the outbox; null also when the row is past its retention. */
  outbox: KeptEvent | null;
}

/** An outbox row, and where the broker put its message. */
export interface KeptEvent {
  row: OutboxRow;
  createdAt: Date;
  publishedAt: Date | null;
  partition: number | null;
  offset: number | null;
}

interface HistoryRow extends OrderRow, RecoveryRow, Omit<OutboxRow, 'id'> {
  event_id: string | null;
  outbox_id: string | null;
  event_created_at: Date;
  published_at: Date | null;
  partition: number | null;
  offset: string | null;
}

/** One order with its event, one snapshot. */
export async function findHistory(db: Queryable, id: string): Promise<OrderHistory | null> {
  const { rows } = await db.query<HistoryRow>({
    name: 'find-history',
    text: `select ${ORDER_COLUMNS}, ${RECOVERY_COLUMNS}, event_id, event.*
      from orders left join lateral (
        select id as outbox_id, aggregateid, type, payload::text, traceparent, event_time,
          created_at as event_created_at, published_at, partition, "offset"
        from outbox where outbox.id = event_id
      ) event on true
      where id = $1`,
    values: [id],
  });
  const row = rows[0];
  if (row === undefined) return null;
  return {
    order: orderOf(row),
    recovery: recoveryOf(row),
    eventId: row.event_id,
    outbox: row.outbox_id === null ? null : keptEventOf(row, row.outbox_id),
  };
}

function keptEventOf(row: HistoryRow, id: string): KeptEvent {
  const { aggregateid, type, payload, traceparent, event_time } = row;
  return {
    row: { id, aggregateid, type, payload, traceparent, event_time },
    createdAt: row.event_created_at,
    publishedAt: row.published_at,
    partition: row.partition,
    offset: row.offset === null ? null : Number(row.offset),
  };
}
