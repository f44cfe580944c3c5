import type { AuditedOrder } from '#contracts/order-operations.ts';
import { STORED_UUID } from '#contracts/patterns.ts';
import { OUTBOX_RETENTION_DAYS } from '#platform/messaging/outbox-maintenance.ts';
import type { Queryable } from '#platform/postgres/database.ts';

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/**
 * Orders with the state of their events in the outbox, by id, one snapshot. An event that differs
 * from its order is `contradicting`, and so is an event of a Pending order.
 * @param bounds.relayed whether our relay publishes the outbox and marks its rows
 */
export async function auditOrders(
  db: Queryable,
  { after, limit, relayed }: { after?: string; limit: number; relayed: boolean },
): Promise<AuditedOrder[]> {
  const { rows } = await db.query<AuditedOrder>({
    name: 'audit-orders',
    // An outbox row is deleted one retention period after its publication, or without a relay after
    // its creation. So a missing row is `expired` only if the order ended longer ago than that. The
    // statement that ends the order writes the row, so the order's end stands in for a deleted row's
    // age. A repair may write the row again later.
    text: `select orders.id, customer_id as "customerId", status, status_reason as "statusReason",
        json_build_object('amount', total_amount, 'currency', currency) as total,
        payment_operation_id as "operationId", event_id as "eventId",
        case when topic_id is not null and partition is not null and "offset" is not null then
          json_build_object('topicId', topic_id, 'partition', partition, 'offset', "offset")
        end as position,
        case when event_id is not null then
          greatest(0, floor(extract(epoch from
            now() - coalesce(outbox.created_at, orders.updated_at)) * 1000))::float8
        end as "eventAgeMs",
        case
          when status = 'Pending' then
            case when event_id is null then 'none' else 'contradicting' end
          when event_id is null then 'missing'
          when outbox.id is null then
            case when orders.updated_at < now() - $3 * interval '1 day'
              then 'expired' else 'missing' end
          when aggregateid <> orders.id::text
            or payload ->> 'orderId' is distinct from orders.id::text
            or payload ->> 'customerId' is distinct from customer_id
            or payload ->> 'status' is distinct from status
            or payload ->> 'version' is distinct from version::text
            or payload #>> '{total,amount}' is distinct from total_amount::text
            or payload #>> '{total,currency}' is distinct from currency
            or payload ->> 'paymentOperationId' is distinct from payment_operation_id::text
            or payload ->> 'reason' is distinct from status_reason then 'contradicting'
          when published_at is not null then 'published'
          when $4 then 'unpublished'
          else 'handed-over'
        end as event
      from orders left join outbox on outbox.id = orders.event_id
      where orders.id > $1 order by orders.id limit $2`,
    values: [after ?? BEFORE_ALL, limit, OUTBOX_RETENTION_DAYS, relayed],
  });
  return rows;
}

// pg_input_is_valid would say it shorter, from PostgreSQL 16 on; we promise 15.
const UUID = `^${STORED_UUID}$`;

/** An event with the order that its key names, where there is one. */
export interface AuditedEvent {
  id: string;
  /** The message's key: the order's id, unless the row is damaged. */
  key: string;
  /** Null where the key names no order. */
  order: { id: string; eventId: string | null } | null;
}

/** Events by id, each with the order of its key, one snapshot. */
export async function auditEvents(
  db: Queryable,
  { after, limit }: { after?: string; limit: number },
): Promise<AuditedEvent[]> {
  const { rows } = await db.query<AuditedEvent>({
    name: 'audit-events',
    // The key is text: one that is no UUID must not break the statement. The limit is in the
    // subquery, so that only the page's orders are looked up.
    text: `select events.id, events.aggregateid as key,
        case when orders.id is not null then
          json_build_object('id', orders.id, 'eventId', orders.event_id)
        end as "order"
      from (
        select id, aggregateid,
          case when aggregateid ~* $3 then aggregateid::uuid end as order_id
        from outbox where id > $1 order by id limit $2
      ) as events
      left join orders on orders.id = events.order_id
      order by events.id`,
    values: [after ?? BEFORE_ALL, limit, UUID],
  });
  return rows;
}
