import type { LetterAttempt } from '#contracts/notifications.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import type { LetterFacts, LetterKind } from '../letter/template.ts';

/** A letter about to enter the inbox. */
export interface NewLetterRow {
  /** Id of the event. */
  id: string;
  orderId: string;
  customerId: string;
  kind: LetterKind;
  totalAmount: number;
  currency: string;
  reason: LetterFacts['reason'];
  occurredAt: string;
  templateVersion: number;
  partition: number;
  offset: bigint;
  traceparent: string | null;
}

/** Adds letters to the inbox; one that is there already stays as it is. Invariant I6. */
export async function insertLetters(db: Queryable, letters: NewLetterRow[]): Promise<void> {
  await db.query({
    name: 'insert-letters',
    text: `insert into letters (id, order_id, customer_id, kind, total_amount, currency, reason,
        occurred_at, template_version, partition, "offset", traceparent)
      select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[],
        $6::text[], $7::text[], $8::timestamptz[], $9::int[], $10::int[], $11::bigint[],
        $12::text[])
      on conflict (id) do nothing`,
    values: [
      letters.map((letter) => letter.id),
      letters.map((letter) => letter.orderId),
      letters.map((letter) => letter.customerId),
      letters.map((letter) => letter.kind),
      letters.map((letter) => letter.totalAmount),
      letters.map((letter) => letter.currency),
      letters.map((letter) => letter.reason),
      letters.map((letter) => letter.occurredAt),
      letters.map((letter) => letter.templateVersion),
      letters.map((letter) => letter.partition),
      letters.map((letter) => letter.offset),
      letters.map((letter) => letter.traceparent),
    ],
  });
}

/** Whom a letter goes to and in which language: lockedRecipient once a final dot may have been sent. */
export interface Recipient {
  to: string;
  name: string;
  locale: 'ru' | 'en';
}

/**
 * Keeps letters that are still being sent from being taken by another worker. One that a marker or
 * a record is just being written to is left out: waiting for it while holding others, which the
 * same statement may wait for, would be a deadlock. The next renewal comes before the lease ends.
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

/** Letters whose bodies are at the mail server, and to whom they go. */
export interface CommittingMark {
  id: string;
  recipient: Recipient;
}

/**
 * The marker between a message's body and its final dot: only who still holds the letter may let
 * the dot go (docs/reference/letters.md).
 * @param marks of different letters
 * @returns for each its id when the dot may go, null when the lease was lost
 */
export async function markCommitting(
  db: Queryable,
  token: string,
  marks: CommittingMark[],
): Promise<(string | null)[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'mark-committing',
    text: `update letters
      set state = 'committing', recipient = mark.recipient, recipient_name = mark.name,
        locale = mark.locale
      from unnest($2::uuid[], $3::text[], $4::text[], $5::text[])
        as mark (id, recipient, name, locale)
      where letters.id = mark.id and (token = $1 and state = 'sending') is true
      returning letters.id`,
    values: [
      token,
      marks.map(({ id }) => id),
      marks.map(({ recipient }) => recipient.to),
      marks.map(({ recipient }) => recipient.name),
      marks.map(({ recipient }) => recipient.locale),
    ],
  });
  const marked = new Set(rows.map(({ id }) => id));
  return marks.map(({ id }) => (marked.has(id) ? id : null));
}

/** A letter that the mail server accepted, and the attempt by which it came there. */
export interface SentLetter {
  response: string;
  recipient: Recipient;
  attempt: AttemptRow;
}

/**
 * Ends letters as sent. Not fenced on purpose: the server accepted the letter, whoever holds it
 * now. The recipient is written again because a resend by the operator may have removed it
 * meanwhile.
 * @param attempts whether to keep the attempts too
 */
export async function markSent(
  db: Queryable,
  sent: SentLetter[],
  attempts: boolean,
): Promise<void> {
  await db.query({
    ...(attempts ? MARK_AND_KEEP : MARK_ONLY),
    values: [
      sent.map(({ attempt }) => attempt.letterId),
      sent.map(({ response }) => response),
      sent.map(({ recipient }) => recipient.to),
      sent.map(({ recipient }) => recipient.name),
      sent.map(({ recipient }) => recipient.locale),
      sent.map(({ attempt }) => attempt.number),
      sent.map(({ attempt }) => attempt.startedAt.toISOString()),
      sent.map(({ attempt }) => attempt.durationMs),
      sent.map(({ attempt }) => attempt.contactMs),
    ],
  });
}

const SENT = `sent as (
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[],
      $7::timestamptz[], $8::int[], $9::int[])
      as sent (id, response, recipient, name, locale, number, started_at, duration_ms, contact_ms)
  )`;

const MARK = `update letters set state = 'sent', sent_at = now(), smtp_response = sent.response,
    token = null, failure = null, recipient = sent.recipient, recipient_name = sent.name,
    locale = sent.locale
  from sent where letters.id = sent.id and state <> 'sent'`;

const MARK_ONLY = { name: 'mark-sent-only', text: `with ${SENT} ${MARK}` };

const MARK_AND_KEEP = {
  name: 'mark-sent',
  text: `with ${SENT}, marked as (${MARK})
    insert into letter_attempts
      (letter_id, number, started_at, duration_ms, contact_ms, outcome, response)
    select id, number, started_at, duration_ms, contact_ms, 'sent', response from sent
    on conflict do nothing`,
};

/** Puts a letter back until its next try, or ends it as failed. Fenced by the token. */
export async function recordFailure(
  db: Queryable,
  id: string,
  token: string,
  result: { state: 'queued' | 'failed'; retryInMs: number; failure: string; unknown: boolean },
): Promise<void> {
  await db.query({
    name: 'mark-unsent',
    text: `update letters set state = $3, due_at = now() + $4 * interval '1 millisecond', ready = false,
        failure = $5, token = null, unknown_outcomes = unknown_outcomes + $6::int
      where id = $1 and token = $2 and state in ('sending', 'committing')`,
    values: [id, token, result.state, result.retryInMs, result.failure, result.unknown ? 1 : 0],
  });
}

export interface AttemptRow {
  letterId: string;
  number: number;
  startedAt: Date;
  durationMs: number;
  /** Until profiles had answered; null where it was not asked or did not answer. */
  contactMs: number | null;
  outcome: LetterAttempt['outcome'];
  response: string | null;
  error: string | null;
}

/** Keeps an attempt; one that was already recorded stays. */
export async function insertAttempt(db: Queryable, attempt: AttemptRow): Promise<void> {
  await db.query({
    name: 'insert-attempt',
    text: `insert into letter_attempts
        (letter_id, number, started_at, duration_ms, contact_ms, outcome, response, error)
      values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
    values: [
      attempt.letterId,
      attempt.number,
      attempt.startedAt,
      attempt.durationMs,
      attempt.contactMs,
      attempt.outcome,
      attempt.response,
      attempt.error,
    ],
  });
}

const QUEUED_AGAIN = `state = 'queued', due_at = now(), ready = true, trying_since = now(),
  token = null, recipient = null, recipient_name = null, locale = null`;

/**
 * The operator's resend: due now, with the contact data of today, the time of trying begun anew.
 * One that is being sent, or was, stays as it is.
 * @returns false when it stayed
 */
export async function queueAgain(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update letters set ${QUEUED_AGAIN}
      where id = $1 and state in ('queued', 'failed')`,
    [id],
  );
  return rowCount === 1;
}

/**
 * The same for failed letters only, as many as are named. Those that another resend is changing are
 * left to it: waiting for them while holding others could be a deadlock.
 * @returns how many became due
 */
export async function queueFailedAgain(db: Queryable, ids: string[]): Promise<number> {
  const { rowCount } = await db.query(
    `with again as (
        select id from letters where id = any($1::uuid[]) and (state = 'failed') is true
        for update skip locked
      )
      update letters set ${QUEUED_AGAIN} from again where letters.id = again.id`,
    [ids],
  );
  return rowCount ?? 0;
}

/** Whom the row's letter goes to, once that is known. */
export function recipientOf(row: {
  recipient: string | null;
  recipient_name: string | null;
  locale: 'ru' | 'en' | null;
}): Recipient | null {
  const { recipient: to, recipient_name: name, locale } = row;
  return to === null || name === null || locale === null ? null : { to, name, locale };
}
