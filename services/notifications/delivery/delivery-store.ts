import type { Queryable } from '#platform/postgres/database.ts';
import { jsonbOf } from '#platform/postgres/jsonb.ts';
import { isFew } from '#platform/postgres/plan-once.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import { firstUuidAgo } from '#platform/values/uuid.ts';
import type { Recipient } from '../letter/letter-mail.ts';
import type { AttemptResult } from '../smtp/attempt-result.ts';

/**
 * Keeps other workers from taking letters that are still being sent. It skips letters whose marker
 * or record is being written: that statement may wait for others of them, which would deadlock. The
 * next renewal comes before the lease ends.
 */
export async function renewLeases(
  db: Queryable,
  renewal: { ids: string[]; token: string; leaseMs: number },
): Promise<void> {
  await db.query(
    `with held as (
        select id from letters
        where id = any($1::uuid[]) and (token = $2 and state in ('sending', 'committing')) is true
        for update skip locked
      )
      update letters set due_at = now() + $3 * interval '1 millisecond', ready = false
      from held where letters.id = held.id`,
    [renewal.ids, renewal.token, renewal.leaseMs],
  );
}

/** A letter whose body is at the mail server. */
export interface CommittingMark {
  id: string;
  recipient: Recipient;
}

/**
 * The marker between a message's body and its final dot: only the holder of the letter may send the
 * dot (docs/reference/letters.md). It counts an unknown outcome in advance, which the record of the
 * answer takes back. A worker that takes the letter over therefore finds it counted. The statement
 * changes no column of an index.
 * @param marks of different letters
 * @returns for each its id when the dot may be sent, null when the lease was lost
 */
export async function markCommitting(
  db: Queryable,
  token: string,
  marks: CommittingMark[],
): Promise<(string | null)[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'mark-committing',
    text: `update letters
      set marked_attempt = attempt_count, unknown_outcomes = unknown_outcomes + 1,
        recipient = mark.to, recipient_name = mark.name, locale = mark.locale,
        details = mark.details
      from json_to_recordset($2)
        as mark (id uuid, "to" text, name text, locale text, details jsonb)
      where letters.id = mark.id and ${isFew('mark.id')} and (token = $1 and state = 'sending') is true
      returning letters.id`,
    values: [token, jsonbOf(marks.map(({ id, recipient }) => ({ id, ...recipient })))],
  });
  const marked = new Set(rows.map(({ id }) => id));
  return marks.map(({ id }) => (marked.has(id) ? id : null));
}

/** One attempt at a letter, as it is recorded. */
export interface Attempt extends AttemptResult {
  letterId: string;
  number: number;
  startedAt: Date;
  durationMs: number;
  /** Until profiles had answered; null where it was not asked or did not answer. */
  contactMs: number | null;
  /** The marker's recipient; null before the marker. */
  recipient: Recipient | null;
  /** Whom it was for; null where it had no address yet. Stored masked, of failed attempts only. */
  address?: string | null;
  /** Attempts before this one that may have arrived. */
  unknownOutcomes: number;
  /** Null where the attempt was made outside of a trace. */
  traceId?: string | null;
}

/** An attempt that the mail server accepted. */
export interface SentAttempt extends Attempt {
  recipient: Recipient;
}

/**
 * Ends letters as sent. Without a fence on purpose: the server accepted the letter, whichever
 * worker holds it now. The recipient is written again because the operator's resend may have
 * removed it.
 * @param token of the worker: while it holds the letter, its marker counted no unknown outcome
 * @param record whether to record the attempts too
 */
export async function markSent(
  db: Queryable,
  token: string,
  sent: SentAttempt[],
  record: boolean,
): Promise<void> {
  const rows = sent.map(({ recipient, startedAt, ...attempt }) => ({
    id: attempt.letterId,
    response: attempt.response,
    ...recipient,
    unknown_outcomes: attempt.unknownOutcomes,
    number: attempt.number,
    started_at: startedAt,
    duration_ms: attempt.durationMs,
    contact_ms: attempt.contactMs,
    stage: attempt.stage,
    trace_id: attempt.traceId,
  }));
  await db.query({ ...(record ? MARK_AND_RECORD : MARK_ONLY), values: [token, jsonbOf(rows)] });
}

const SENT = `sent as (
    select * from json_to_recordset($2) as sent (id uuid, response text, "to" text, name text,
      locale text, details jsonb, unknown_outcomes int, number int, started_at timestamptz, duration_ms int,
      contact_ms int, stage text, trace_id text)
  )`;

const MARK = `update letters set state = 'sent', sent_at = now(), smtp_response = sent.response,
    token = null, failure = null, recipient = sent.to, recipient_name = sent.name,
    locale = sent.locale, details = sent.details,
    unknown_outcomes = case when token = $1 then sent.unknown_outcomes
      else letters.unknown_outcomes end
  from sent where letters.id = sent.id and ${isFew('sent.id')} and (state <> 'sent') is true`;

const MARK_ONLY = { name: 'mark-sent-only', text: `with ${SENT} ${MARK}` };

const MARK_AND_RECORD = {
  name: 'mark-sent',
  text: `with ${SENT}, marked as (${MARK})
    insert into letter_attempts
      (letter_id, number, started_at, duration_ms, contact_ms, outcome, response, stage, trace_id)
    select id, number, started_at, duration_ms, contact_ms, 'sent', response, stage, trace_id
    from sent
    on conflict do nothing`,
};

/** The state of a letter after a failed attempt. */
export interface FailedLetter {
  state: 'queued' | 'failed';
  /** Until the next attempt; 0 for one that failed. */
  retryInMs: number;
  failure: string;
  /** Attempts that may have arrived, this one included. */
  unknownOutcomes: number;
  /** The customer is erased: the letter keeps no text, and is no alarm. */
  erased?: boolean;
}

/** Puts a letter back until its next attempt, or ends it as failed. Fenced by the token. */
export async function recordFailure(
  db: Queryable,
  id: string,
  token: string,
  result: FailedLetter,
): Promise<void> {
  await db.query({
    name: 'record-failure',
    text: `update letters set state = $3, due_at = now() + $4 * interval '1 millisecond', ready = false,
        failure = $5, token = null, waits_for = null, unknown_outcomes = $6,
        erased_at = case when $7 then now() else erased_at end
      where id = $1 and token = $2 and state in ('sending', 'committing')`,
    values: [
      id,
      token,
      result.state,
      result.retryInMs,
      result.failure,
      result.unknownOutcomes,
      result.erased === true,
    ],
  });
}

/**
 * Puts claimed letters back as if they had not been claimed: their attempt did not begin. Fenced by
 * the token.
 */
export async function giveBack(db: Queryable, token: string, ids: string[]): Promise<void> {
  await db.query({
    name: 'give-letters-back',
    text: `update letters
      set state = 'queued', token = null, due_at = now(), ready = true,
        attempt_count = attempt_count - 1
      where id = any($2::uuid[]) and (token = $1 and state = 'sending') is true`,
    values: [token, ids],
  });
}

/**
 * Fails letters that were tried for longer than they may be, the oldest first, up to 500. Attempts do
 * this too; this is for the time when no attempt runs.
 * @param reason for letters without a reason of their own
 * @returns how many it failed
 */
export async function giveUpOverdue(
  db: Queryable,
  { afterMs, reason }: { afterMs: number; reason: string },
): Promise<number> {
  const { rowCount } = await db.query({
    name: 'give-up-overdue',
    // No letter is tried for longer than its id is old, so the index of states ends the search.
    text: `with overdue as (
        select id from letters
        where state = 'queued' and id < ${firstUuidAgo('$1::float8 / 1000')}
          and trying_since <= now() - $1::float8 * interval '1 millisecond'
        order by id limit 500 for update skip locked
      )
      update letters set state = 'failed', due_at = now(), ready = false, waits_for = null,
        failure = 'gave up: ' || coalesce(failure, $2)
      from overdue where letters.id = overdue.id`,
    values: [afterMs, reason],
  });
  return rowCount ?? 0;
}

/** Records an attempt; one that was already recorded stays. */
export async function insertAttempt(
  db: Queryable,
  attempt: Omit<Attempt, 'recipient' | 'unknownOutcomes'>,
): Promise<void> {
  await db.query({
    name: 'insert-attempt',
    text: `insert into letter_attempts
        (letter_id, number, started_at, duration_ms, contact_ms, outcome, response, error, stage,
          trace_id, address)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`,
    values: [
      attempt.letterId,
      attempt.number,
      attempt.startedAt,
      attempt.durationMs,
      attempt.contactMs,
      attempt.outcome,
      attempt.response,
      attempt.error,
      attempt.stage,
      attempt.traceId ?? null,
      attempt.address == null ? null : maskAddresses(attempt.address),
    ],
  });
}
