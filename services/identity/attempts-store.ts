import type { Queryable } from '#platform/postgres/database.ts';

/** A counter: attempts of one kind by one account or one client address. */
export interface Counter {
  kind: 'sign-in-account' | 'sign-in-address' | 'registration-address';
  subject: string;
  /** Attempts allowed in a window. */
  max: number;
  windowS: number;
}

export interface Count {
  count: number;
  /** Seconds until the window ends, at least 1. */
  remainingS: number;
}

const REMAINING = 'greatest(1, ceil(extract(epoch from a.resets_at - now())))::int';

// Far above any limit: only keeps the number from overflowing under an attack.
const COUNT_MAX = 1_000_000;

/** The longest wait that a used-up counter demands. @returns seconds, null when none is used up */
export async function findSpent(db: Queryable, counters: Counter[]): Promise<number | null> {
  const { rows } = await db.query<{ remaining_s: number | null }>(
    `select max(${REMAINING}) as remaining_s
       from unnest($1::text[], $2::text[], $3::int[]) as c (kind, subject, most)
       join attempts a on a.kind = c.kind and a.subject = c.subject
      where a.count >= c.most and a.resets_at > now()`,
    [
      counters.map(({ kind }) => kind),
      counters.map(({ subject }) => subject),
      counters.map(({ max }) => max),
    ],
  );
  return rows[0]?.remaining_s ?? null;
}

/** Counts one attempt and begins a new window where the old one is over. */
export async function countAttempt(
  db: Queryable,
  { kind, subject, windowS }: Counter,
): Promise<Count> {
  const { rows } = await db.query<{ count: number; remaining_s: number }>(
    `insert into attempts as a (kind, subject, count, resets_at)
     values ($1, $2, 1, now() + make_interval(secs => $3))
     on conflict (kind, subject) do update set
       count = case when a.resets_at <= now() then 1 else least(a.count + 1, ${COUNT_MAX}) end,
       resets_at = case when a.resets_at <= now() then excluded.resets_at else a.resets_at end
     returning a.count, ${REMAINING} as remaining_s`,
    [kind, subject, windowS],
  );
  const row = rows[0] as { count: number; remaining_s: number };
  return { count: row.count, remainingS: row.remaining_s };
}

/** Takes one attempt back. */
export async function uncountAttempt(db: Queryable, { kind, subject }: Counter): Promise<void> {
  await db.query(
    `update attempts set count = count - 1
      where kind = $1 and subject = $2 and count > 0 and resets_at > now()`,
    [kind, subject],
  );
}

/** Removes counters whose window is over, at most `limit`, without waiting for locked ones. */
export async function deleteExpiredAttempts(db: Queryable, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from attempts where (kind, subject) in (
       select kind, subject from attempts where resets_at <= now()
        order by resets_at limit $1 for update skip locked)`,
    [limit],
  );
  return rowCount ?? 0;
}
