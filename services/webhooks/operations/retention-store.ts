import type { Queryable } from '#platform/postgres/database.ts';

export const BATCH = 500;

/** Deletes deliveries that were queued too long ago, and those of removed endpoints. */
export async function deleteOldDeliveries(db: Queryable, days: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from deliveries where id in (
        select id from deliveries
        where queued_at < now() - $1 * interval '1 day' and state <> 'delivering'
        order by queued_at limit ${BATCH} for update skip locked
      )`,
    [days],
  );
  return rowCount ?? 0;
}

export async function deleteOfRemovedEndpoints(db: Queryable): Promise<number> {
  const { rowCount } = await db.query(
    `delete from deliveries where id in (
        select deliveries.id from endpoints, lateral (
          select id from deliveries where endpoint_id = endpoints.id order by id desc limit ${BATCH}
        ) as deliveries
        where endpoints.removed_at is not null limit ${BATCH}
      )`,
  );
  return rowCount ?? 0;
}

export async function deleteRemovedEndpoints(db: Queryable): Promise<number> {
  const { rowCount } = await db.query(
    `delete from endpoints where removed_at is not null
      and not exists (select from deliveries where endpoint_id = endpoints.id)`,
  );
  return rowCount ?? 0;
}

/** Deletes events that no replay may ask for any more. One with a delivery stays for it. */
export async function deleteOldEvents(db: Queryable, days: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from events where id in (
        select id from events
        where received_at < now() - $1 * interval '1 day'
          and not exists (select from deliveries where event_id = events.id)
        order by received_at limit ${BATCH} for update skip locked
      )`,
    [days],
  );
  return rowCount ?? 0;
}
