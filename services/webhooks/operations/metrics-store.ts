import type { Queryable } from '#platform/postgres/database.ts';

// A scrape must not cost more the more webhooks wait.
const COUNTED_MAX = 100_000;
// The longest due of each endpoint are among the oldest: backoff delays old ones by hours at most.
const OLDEST_OF = 1_000;

const WAITING = `from endpoints join deliveries on deliveries.endpoint_id = endpoints.id
    and deliveries.state in ('queued', 'delivering')
  where endpoints.state = 'enabled' and endpoints.removed_at is null`;

export async function countWaiting(db: Queryable): Promise<number> {
  return numberOf(db, `select count(*) as value from (select ${WAITING} limit ${COUNTED_MAX}) w`);
}

/** Age in seconds of the oldest waiting delivery, of up to a thousand of each endpoint. */
export async function readOldest(db: Queryable): Promise<number> {
  return numberOf(
    db,
    `select coalesce(greatest(0, extract(epoch from now() - min(oldest.queued_at))), 0) as value
      from endpoints, lateral (
        select queued_at from deliveries
        where endpoint_id = endpoints.id and state in ('queued', 'delivering')
        order by due_at limit ${OLDEST_OF}
      ) as oldest
      where endpoints.state = 'enabled' and endpoints.removed_at is null`,
  );
}

/** Deliveries that were given up within a day; those of removed endpoints need nobody. */
export async function countDead(db: Queryable): Promise<number> {
  return numberOf(
    db,
    `select count(*) as value from (
        select from deliveries join endpoints on endpoints.id = deliveries.endpoint_id
        where deliveries.state = 'dead' and ended_at > now() - interval '1 day'
          and endpoints.removed_at is null limit ${COUNTED_MAX}
      ) as dead`,
  );
}

async function numberOf(db: Queryable, text: string): Promise<number> {
  const { rows } = await db.query<{ value: string }>(text);
  return Number(rows[0]?.value);
}
