import type { AccountLetter } from '#contracts/account-letters.ts';
import type { Queryable } from '#platform/postgres/database.ts';

/** A letter about an account that this process holds the token of. */
export interface ClaimedAccountLetter extends AccountLetter {
  createdAt: Date;
  /** Number of this attempt, from 1. */
  attempt: number;
}

const SAME_ADDRESS = 'lower(email collate "C") = lower($3::text collate "C")';

/**
 * Stores a letter; one that is there already stays as it is.
 * @param waitingMax letters to one address that may wait
 * @returns false where so many wait
 */
export async function insertAccountLetter(
  db: Queryable,
  { id, kind, email, locale, link = null }: Omit<AccountLetter, 'link'> & { link?: string | null },
  waitingMax: number,
): Promise<boolean> {
  const { rows } = await db.query<{ stored: boolean }>(
    `with stored as (
        insert into account_letters (id, kind, email, locale, link)
        select $1::uuid, $2::text, $3::text, $4::text, $5::text
        where (select count(*) from account_letters
            where ${SAME_ADDRESS} and state in ('queued', 'sending')) < $6
        on conflict (id) do nothing returning id
      )
      select exists (select from stored)
        or exists (select from account_letters where id = $1::uuid) as stored`,
    [id, kind, email, locale, link, waitingMax],
  );
  return rows[0]?.stored === true;
}

/** Claims due letters, the longest due first. */
export async function claimAccountLetters(
  db: Queryable,
  claim: { token: string; leaseMs: number; limit: number },
): Promise<ClaimedAccountLetter[]> {
  const { rows } = await db.query<Omit<ClaimedAccountLetter, 'link'> & { link: string | null }>({
    name: 'claim-account-letters',
    text: `with due as (
        select id from account_letters
        where state in ('queued', 'sending') and due_at <= now()
        order by due_at limit $3 for update skip locked
      )
      update account_letters as letter set state = 'sending', token = $1,
        due_at = now() + $2 * interval '1 millisecond', attempt_count = attempt_count + 1
      from due where letter.id = due.id
      returning letter.id, kind, email, locale, link, created_at as "createdAt",
        attempt_count as attempt`,
    values: [claim.token, claim.leaseMs, claim.limit],
  });
  return rows.map(({ link, ...row }) => ({ ...row, ...(link !== null && { link }) }));
}

/** Whether the letter is still this worker's, asked before its final dot; renews the lease. */
export async function keepAccountLetter(
  db: Queryable,
  kept: { id: string; token: string; leaseMs: number },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'keep-account-letter',
    text: `update account_letters set due_at = now() + $3 * interval '1 millisecond'
      where id = $1 and token = $2 and state = 'sending'`,
    values: [kept.id, kept.token, kept.leaseMs],
  });
  return rowCount === 1;
}

/** Ends a letter as sent. Without a fence: another worker may hold it, but it was accepted. */
export async function markAccountLetterSent(
  db: Queryable,
  id: string,
  response: string | null,
): Promise<void> {
  await db.query({
    name: 'mark-account-letter-sent',
    text: `update account_letters set state = 'sent', sent_at = now(), smtp_response = $2,
        link = null, token = null, failure = null
      where id = $1 and state <> 'sent'`,
    values: [id, response],
  });
}

/** How a letter goes on after an attempt that did not send it. */
export interface AccountLetterRetry {
  id: string;
  token: string;
  state: 'queued' | 'failed';
  retryInMs: number;
  failure: string | null;
  /** Whether an attempt was made. */
  attempted: boolean;
}

export async function putAccountLetterBack(db: Queryable, back: AccountLetterRetry): Promise<void> {
  await db.query({
    name: 'put-account-letter-back',
    text: `update account_letters set state = $3::text, token = null,
        due_at = now() + $4 * interval '1 millisecond', failure = coalesce($5, failure),
        link = case when $3::text = 'failed' then null else link end,
        attempt_count = attempt_count - case when $6::boolean then 0 else 1 end
      where id = $1 and token = $2 and state = 'sending'`,
    values: [back.id, back.token, back.state, back.retryInMs, back.failure, back.attempted],
  });
}

/**
 * Fails letters that wait for longer than they may, also while no attempt runs; at most 500. The link
 * of a new password works for an hour.
 */
export async function giveUpAccountLetters(
  db: Queryable,
  { afterMs, reason }: { afterMs: number; reason: string },
): Promise<number> {
  const { rowCount } = await db.query({
    name: 'give-up-account-letters',
    text: `with overdue as (
        select id from account_letters
        where state = 'queued' and created_at <= now() - case kind
            when 'reset-password' then interval '1 hour'
            else $1::float8 * interval '1 millisecond' end
        order by created_at limit 500 for update skip locked
      )
      update account_letters as letter set state = 'failed', link = null, due_at = now(),
        failure = 'gave up: ' || coalesce(failure, $2)
      from overdue where letter.id = overdue.id`,
    values: [afterMs, reason],
  });
  return rowCount ?? 0;
}

/** Letters that wait, and those that failed within the last day, each up to `max`. */
export async function countAccountLetters(
  db: Queryable,
  max: number,
): Promise<{ waiting: number; failed: number }> {
  const { rows } = await db.query<{ waiting: number; failed: number }>({
    name: 'count-account-letters',
    text: `select (select count(*) from (
          select from account_letters where state in ('queued', 'sending') limit $1) as w)::int
          as waiting,
        (select count(*) from (
          select from account_letters
          where created_at > now() - interval '1 day' and state = 'failed' limit $1) as f)::int
          as failed`,
    values: [max],
  });
  return rows[0] as { waiting: number; failed: number };
}
