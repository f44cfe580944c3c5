import type { Queryable } from '#platform/postgres/database.ts';

/** A counter: attempts of one kind by one account, one client address, or both together. */
export interface Counter {
  kind:
    | 'sign-in-account'
    | 'sign-in-pair'
    | 'sign-in-address'
    | 'registration-pair'
    | 'registration-address'
    | 'reset-address'
    | 'reset-pair'
    | 'letter-resets'
    | 'letter-known';
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

/** The present counts, in the order of the counters; undefined where there is none. */
export async function readCounts(
  db: Queryable,
  counters: Counter[],
): Promise<(Count | undefined)[]> {
  const { rows } = await db.query<{ number: number; count: number; remaining_s: number }>(
    `select c.number::int, a.count, ${REMAINING} as remaining_s
       from unnest($1::text[], $2::text[]) with ordinality as c (kind, subject, number)
       join attempts a on a.kind = c.kind and a.subject = c.subject
      where a.resets_at > now()`,
    [counters.map(({ kind }) => kind), counters.map(({ subject }) => subject)],
  );
  const found = new Map(rows.map((row) => [row.number, row]));
  return counters.map((_, index) => {
    const row = found.get(index + 1);
    return row && { count: row.count, remainingS: row.remaining_s };
  });
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

/** Begins again at none. */
export async function deleteAttempts(db: Queryable, { kind, subject }: Counter): Promise<void> {
  await db.query('delete from attempts where kind = $1 and subject = $2', [kind, subject]);
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
