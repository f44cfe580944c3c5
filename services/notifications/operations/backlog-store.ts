import type { Reading } from '#platform/http/metrics.ts';
import type { Queryable } from '#platform/postgres/database.ts';

// Of each only what its partial index holds is read, never all letters.
const WAITING = `state in ('queued', 'sending', 'committing')`;

/** Letters that are neither sent nor failed, by state; none is 0. */
export async function readWaiting(db: Queryable): Promise<Reading[]> {
  const { rows } = await db.query<{ state: string; count: string }>(
    `select state, count(*) as count from letters where ${WAITING} group by state`,
  );
  const counts = new Map(rows.map(({ state, count }) => [state, Number(count)]));
  return ['queued', 'sending', 'committing'].map((state) => ({
    value: counts.get(state) ?? 0,
    labels: { state },
  }));
}

/** Age of the oldest of them in seconds, 0 without one. */
export async function readOldest(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ oldest_s: string }>(
    `select coalesce(greatest(0, extract(epoch from now() - min(created_at))), 0) as oldest_s
     from letters where ${WAITING}`,
  );
  return Number(rows[0]?.oldest_s);
}

/** Number of letters that failed. */
export async function readFailed(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: string }>(
    `select count(*) as count from letters where state = 'failed'`,
  );
  return Number(rows[0]?.count);
}
