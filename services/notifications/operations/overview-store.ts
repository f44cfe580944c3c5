import type { MailRefusal, NotificationsOverview } from '#contracts/notifications.ts';
import type { Reading } from '#platform/metrics/metrics.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { firstUuidAgo } from '#platform/values/uuid.ts';
import { NEEDS_OPERATOR } from '../repair/acknowledgement-store.ts';

// In both statements the states are values of a row and no literals: an index for literals, like that
// of the letters that are due, would be taken while statistics say that next to nothing waits.

/**
 * Letters by the API's states, each counted up to `max` by the index of their states: the count of
 * those that were sent does not grow with the years.
 */
export async function countLetters(
  db: Queryable,
  max: number,
): Promise<NotificationsOverview['letters']> {
  const { rows } = await db.query<{ state: string; count: number }>({
    name: 'count-letters',
    text: `select word.state, counted.count::int
      from unnest('{queued,sending,committing,sent,failed}'::text[]) as word (state),
        lateral (
          select count(*) from (
            select from letters where letters.state = word.state limit $1
          ) as first
        ) as counted`,
    values: [max],
  });
  const counts = Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  const { queued = 0, sending = 0, committing = 0, sent = 0, failed = 0 } = counts;
  return { max, queued, sending: Math.min(max, sending + committing), sent, failed };
}

/** Letters that are neither sent nor failed, counted up to `max`, by the index of their states. */
export async function countWaiting(db: Queryable, max: number): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'count-waiting-letters',
    text: `select count(*)::int from (
        select from unnest('{queued,sending,committing}'::text[]) as word (state),
          lateral (select from letters where letters.state = word.state limit $1) as each
        limit $1
      ) as first`,
    values: [max],
  });
  return rows[0]?.count ?? 0;
}

// Of letters that wait for a confirmation; a tenth of a second.
const PASSED_OVER_MAX = 50_000;

/**
 * Age in milliseconds of the oldest letter that is neither sent nor failed, 0 without one. The
 * oldest by id, which is the order of the events.
 */
export async function readOldestWaitingMs(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ age_ms: string }>({
    name: 'read-oldest-waiting',
    // Asked for as a range, one state is read in the order of the index of states. As an equation it
    // drops out of the order, and the primary key is walked from the first letter of all.
    // Letters that wait for a confirmation are passed over, as they wait for the customer.
    text: `select coalesce(greatest(0,
          floor(extract(epoch from now() - min(oldest.created_at)) * 1000)), 0) as age_ms
      from unnest('{queued,sending,committing}'::text[]) as word (state),
        lateral (
          select created_at from (
            select created_at, waits_for from letters
            where letters.state between word.state and word.state
            order by letters.state desc, id limit ${PASSED_OVER_MAX}
          ) as first where waits_for is null limit 1
        ) as oldest`,
  });
  return Number(rows[0]?.age_ms);
}

/**
 * Letters sent within the last seconds, of events that are not much older: the others would have to
 * be looked for among all that were ever sent.
 * @param times `sentS` and `eventS`, how many seconds ago at most
 */
export async function countJustSent(
  db: Queryable,
  { sentS, eventS }: { sentS: number; eventS: number },
): Promise<number> {
  const { rows } = await db.query<{ count: string }>({
    name: 'count-just-sent',
    text: `select count(*) from letters
      where id >= ${firstUuidAgo('$1')} and (state = 'sent' and sent_at > now() - $2 * interval '1 second') is true`,
    values: [eventS, sentS],
  });
  return Number(rows[0]?.count);
}

// Longer than the longest wait between two attempts at a letter: while the fault lasts, an attempt
// refreshes the refusal within this time.
const REFUSED_LATELY = `refused_at > now() - interval '30 minutes'`;

/** Keeps the latest refusal of each kind of our own faults. */
export async function keepRefusal(db: Queryable, fault: string, response: string): Promise<void> {
  await db.query(
    `insert into mail_refusals (fault, response) values ($1, $2)
      on conflict (fault) do update set response = excluded.response, refused_at = now()`,
    [fault, response],
  );
}

/** Recent refusals of us by the mail server, the latest first. */
export async function readRefusals(db: Queryable): Promise<MailRefusal[]> {
  const { rows } = await db.query<Omit<MailRefusal, 'at'> & { at: Date }>(
    `select fault, response, refused_at as at from mail_refusals
      where ${REFUSED_LATELY} order by refused_at desc`,
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

// Of each only what its partial index holds is read, never all letters.
const WAITING = `state in ('queued', 'sending', 'committing')`;

/** Letters that are neither sent nor failed, by state; none is 0. */
export async function readWaiting(db: Queryable): Promise<Reading[]> {
  const { rows } = await db.query<{ state: string; count: string }>(
    `select case when state = 'sending' and marked_attempt = attempt_count then 'committing'
          else state end as state, count(*) as count
      from letters where ${WAITING} group by 1`,
  );
  return ['queued', 'sending', 'committing'].map((state) => ({
    value: Number(rows.find((row) => row.state === state)?.count ?? 0),
    labels: { state },
  }));
}

/** Age of the oldest of them in seconds, 0 without one. */
export async function readOldest(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ oldest_s: string }>(
    `select coalesce(greatest(0, extract(epoch from now() - min(created_at))), 0) as oldest_s
     from letters where ${WAITING} and waits_for is null`,
  );
  return Number(rows[0]?.oldest_s);
}

/** Queued letters that wait until their customers confirm the address, counted up to `max`. */
export async function countWaitingForConfirmation(db: Queryable, max: number): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'count-waiting-for-confirmation',
    text: `select count(*)::int from (
        select from letters where waits_for is not null and state = 'queued' limit $1) as first`,
    values: [max],
  });
  return rows[0]?.count ?? 0;
}

/** Number of letters that failed, can be sent again, and are not acknowledged. */
export async function readFailed(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: string }>(
    `select count(*) as count from letters where ${NEEDS_OPERATOR}`,
  );
  return Number(rows[0]?.count);
}
