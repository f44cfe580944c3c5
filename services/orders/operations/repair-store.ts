import { ORDER_UPDATE_TYPE } from '#contracts/order-update-message.ts';
import type { OutboxRow } from '#platform/messaging/outbox-relay.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { type EventOrigin, eventPayload } from '../lifecycle/store.ts';

/** An ended order's event as it goes out, and what the outbox says about it. */
export interface OrderEventRow extends OutboxRow {
  /** True while it waits for the relay. */
  unpublished: boolean;
  /** Whether its outbox row is still there. */
  kept: boolean;
}

/**
 * The event of an ended order: the outbox row, or the same content made of the order where the row
 * is past its retention. Locks the order, so that two repairs do not both write.
 * @param origin of an event whose row is gone: what it was published with is not known any more
 * @returns null for an order that does not exist, or has no event
 */
export async function lockEvent(
  tx: Queryable,
  orderId: string,
  origin: EventOrigin,
): Promise<OrderEventRow | null> {
  const { rows } = await tx.query<OrderEventRow>(
    `select orders.event_id as id, orders.id::text as aggregateid,
        coalesce(outbox.type, $2) as type,
        coalesce(outbox.payload, ${eventPayload('orders')})::text as payload,
        outbox.traceparent,
        coalesce(outbox.event_time,
          to_char(orders.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
          as event_time,
        coalesce(outbox.event_source, $3) as event_source,
        case when outbox.id is null then $4 else outbox.type_alias end as type_alias,
        outbox.id is not null and outbox.published_at is null as unpublished,
        outbox.id is not null as kept
      from orders left join outbox on outbox.id = orders.event_id
      where orders.id = $1 and orders.event_id is not null and orders.status <> 'Pending'
      for update of orders`,
    [orderId, ORDER_UPDATE_TYPE, origin.source, origin.typeAlias],
  );
  return rows[0] ?? null;
}

/**
 * Writes an event as a new row with the same id: our relay finds it unpublished, and Debezium,
 * which reads the write-ahead log, sees an insert.
 */
export async function insertEventAgain(tx: Queryable, event: OrderEventRow): Promise<void> {
  await tx.query('delete from outbox where id = $1', [event.id]);
  await tx.query(
    `insert into outbox (id, aggregatetype, aggregateid, type, payload, traceparent, event_time,
        event_source, type_alias)
      values ($1, 'order', $2, $3, $4, $5, $6, $7, $8)`,
    [
      event.id,
      ...[event.aggregateid, event.type, event.payload, event.traceparent, event.event_time],
      ...[event.event_source, event.type_alias],
    ],
  );
}
