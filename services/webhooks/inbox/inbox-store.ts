import type { Queryable } from '#platform/postgres/database.ts';

/** An event as receivers get it. */
export interface StoredEvent {
  id: string;
  type: string;
  orderId: string | null;
  /** Null for a test. */
  status: string | null;
  /** Text of the JSON document. */
  body: string;
}

/** SQL of a new UUIDv7 by the clock of the database, so that ids sort by time. */
export const NEW_ID = `(lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || '7'
    || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid`;

/** How many endpoints get events now. */
export async function countEnabled(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'count-enabled-endpoints',
    text: `select count(*)::int as count from endpoints
      where state = 'enabled' and removed_at is null`,
  });
  return rows[0]?.count ?? 0;
}

/**
 * Stores events, and a delivery of each for every enabled endpoint that wants its status. An event
 * that is stored already changes nothing.
 */
export async function insertEvents(db: Queryable, events: StoredEvent[]): Promise<void> {
  await db.query({
    name: 'insert-events',
    text: `with stored as (
        insert into events (id, type, order_id, status, body)
        select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[])
        on conflict (id) do nothing
        returning id, order_id, status
      )
      insert into deliveries (id, endpoint_id, event_id, order_id)
      select ${NEW_ID}, endpoints.id, stored.id, stored.order_id
      from stored join endpoints on stored.status = any(endpoints.statuses)
      where endpoints.state = 'enabled' and endpoints.removed_at is null
      on conflict (endpoint_id, event_id) do nothing`,
    values: [
      events.map(({ id }) => id),
      events.map(({ type }) => type),
      events.map(({ orderId }) => orderId),
      events.map(({ status }) => status),
      events.map(({ body }) => body),
    ],
  });
}
