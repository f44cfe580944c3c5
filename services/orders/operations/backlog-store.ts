import type { Queryable } from '#platform/postgres/database.ts';

/** How much waits, and for how long. */
export interface Backlog {
  count: number;
  /** Age of the oldest in seconds, 0 without one. */
  oldestS: number;
}

/** Orders that have not ended. */
export function readPending(db: Queryable): Promise<Backlog> {
  return readBacklog(db, `from orders where status = 'Pending'`);
}

/** Events that the broker has not acknowledged. */
export function readUnpublished(db: Queryable): Promise<Backlog> {
  return readBacklog(db, 'from outbox where published_at is null');
}

/** @param source constant SQL with a column `created_at`; each has a partial index for it */
async function readBacklog(db: Queryable, source: string): Promise<Backlog> {
  const { rows } = await db.query<{ count: string; oldest_s: string }>(
    `select count(*) as count,
        coalesce(greatest(0, extract(epoch from now() - min(created_at))), 0) as oldest_s ${source}`,
  );
  return { count: Number(rows[0]?.count), oldestS: Number(rows[0]?.oldest_s) };
}
