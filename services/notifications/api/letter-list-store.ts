import type {
  Acknowledgement,
  AttemptStage,
  LetterAttempt,
  LetterState,
} from '#contracts/notifications.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { pageQuery, takePage } from '#platform/postgres/page-query.ts';
import { firstUuidAt } from '#platform/values/uuid.ts';
import type { EventRow, LetterKind } from '../letter/letter-event.ts';
import type { LetterDetails } from '../letter/letter-mail.ts';
import { ACKNOWLEDGED, COUNTS, NEEDS_OPERATOR } from '../repair/acknowledgement-store.ts';

// The stored states of each state of the API. Literals, so that the planner can choose an index.
const STATE_CONDITIONS: Record<LetterState, string> = {
  queued: "state = 'queued'",
  sending: "state in ('sending', 'committing')",
  sent: "state = 'sent'",
  failed: "state = 'failed'",
};

/** Letters of one page, newest first; null filters nothing. */
export async function listLetters(
  db: Queryable,
  query: LetterConditions & { limit: number },
): Promise<LetterPage> {
  const values: unknown[] = [query.limit + 1];
  const ids = `select id from letters where ${conditionsOf(query, values)} order by id desc limit $1`;
  return readPage(db, ids, values, query.limit);
}

/** Letters of one page, and whether there are more behind them. */
interface LetterPage {
  rows: LetterRow[];
  more: boolean;
}

async function readPage(
  db: Queryable,
  ids: string,
  values: unknown[],
  limit: number,
): Promise<LetterPage> {
  const text = pageQuery({ table: 'letters', ids, bytes: LETTER_BYTES, select: SELECT_LETTERS });
  const { rows } = await db.query<LetterRow & { found: number }>(text, values);
  return takePage(rows, limit);
}

// A search for a rare reason must not read all letters.
const EXAMINED_MAX = 5_000;

/** A letter that passed the filters of the statement; the caller checks its reason. */
export interface FoundLetter {
  id: string;
  /** Why it failed or is late. */
  failure: string | null;
}

/**
 * Letters that match all filters, newest first. Reads at most `EXAMINED_MAX` letters by the indexed
 * filters, and checks the time of the failure and the kind of each. Null filters nothing.
 * @returns also the last letter that was read; null when there are no more
 */
export async function searchLetters(
  db: Queryable,
  search: LetterSearch,
): Promise<{ found: FoundLetter[]; last: string | null }> {
  const values: unknown[] = [];
  const wanted = ['true'];
  // `due_at` of a failed letter is the time of its failure (set by `recordFailure`).
  if (search.failedSince !== null) {
    wanted.push(`state = 'failed' and due_at >= $${values.push(search.failedSince)}`);
  }
  if (search.failedUntil !== null) {
    wanted.push(`state = 'failed' and due_at < $${values.push(search.failedUntil)}`);
  }
  if (search.kind !== null) wanted.push(`kind = $${values.push(search.kind)}`);
  const { minAmount, maxAmount, acknowledged } = search;
  if (minAmount !== null) wanted.push(`total_amount >= $${values.push(minAmount)}`);
  if (maxAmount !== null) wanted.push(`total_amount <= $${values.push(maxAmount)}`);
  if (acknowledged === true) wanted.push(`state = 'failed' and ${ACKNOWLEDGED}`);
  if (acknowledged === false) wanted.push(NEEDS_OPERATOR);
  const { rows } = await db.query<FoundLetter & { wanted: boolean }>(
    `select id, failure, ${wanted.join(' and ')} as wanted from letters
      where ${conditionsOf(search, values)} order by id desc limit ${EXAMINED_MAX}`,
    values,
  );
  const last = rows.length < EXAMINED_MAX ? null : (rows.at(-1)?.id ?? null);
  return { found: rows.filter((row) => row.wanted), last };
}

/** These letters, newest first, as many as one page takes. */
export async function getLetters(db: Queryable, ids: string[]): Promise<LetterPage> {
  const existing = 'select id from letters where id = any($1::uuid[])';
  return readPage(db, existing, [ids], ids.length);
}

/** Filters that an index answers; null filters nothing. */
interface LetterConditions {
  customerId: string | null;
  orderId: string | null;
  state: LetterState | null;
  before: string | null;
  /** Moments of their events, as bounds of ids; `until` excluded. */
  from?: Date | null;
  until?: Date | null;
  ids?: string[] | null;
}

export interface LetterSearch extends LetterConditions {
  failedSince: Date | null;
  failedUntil: Date | null;
  kind: LetterKind | null;
  minAmount: number | null;
  maxAmount: number | null;
  /** Of failed letters: whether an operator acknowledged them; false leaves out erased ones. */
  acknowledged: boolean | null;
}

/** @param values the statement's values; this function appends those of the conditions */
function conditionsOf(query: LetterConditions, values: unknown[]): string {
  const conditions = ['true'];
  if (query.customerId !== null) conditions.push(`customer_id = $${values.push(query.customerId)}`);
  if (query.orderId !== null) conditions.push(`order_id = $${values.push(query.orderId)}`);
  if (query.state !== null) conditions.push(STATE_CONDITIONS[query.state]);
  if (query.before !== null) conditions.push(`id < $${values.push(query.before)}`);
  const { from = null, until = null, ids = null } = query;
  if (from !== null) conditions.push(`id >= $${values.push(firstUuidAt(from))}`);
  if (until !== null) conditions.push(`id < $${values.push(firstUuidAt(until))}`);
  if (ids !== null) conditions.push(`id = any($${values.push(ids)}::uuid[])`);
  return conditions.join(' and ');
}

export async function findLetter(db: Queryable, id: string): Promise<LetterRow | null> {
  const { rows } = await db.query<LetterRow>(`${SELECT_LETTERS} where id = $1`, [id]);
  return rows[0] ?? null;
}

// Keeps a page small: it has up to a hundred letters, and a letter that could not be sent for a day
// has a hundred attempts of up to 1 KB each.
const ATTEMPTS_SHOWN_MAX = 50;

// Older versions have the stage in the error's text only.
const STAGE = `coalesce(stage, case
    when response is null and (error like 'profiles: %' or error like 'the customer has no profile%')
    then 'contact' end)`;

const SELECT_LETTERS = `select letters.*, (
    select coalesce(json_agg(a order by a.number), '[]') from (
      select number, started_at as "startedAt", duration_ms as "durationMs",
        contact_ms as "contactMs", outcome, response, error, trace_id as "traceId", ${STAGE} as stage,
        address
      from letter_attempts where letter_id = letters.id
      order by number desc limit ${ATTEMPTS_SHOWN_MAX}
    ) a
  ) as attempts, (
    select json_build_object('at', acknowledged_at, 'actor', actor, 'reason', reason)
    from letter_acknowledgements
    where letter_id = letters.id and ${COUNTS} and letters.state = 'failed'
  ) as acknowledgement from letters`;

// The details have items of the order, and each attempt two texts of up to 1 KB.
const LETTER_BYTES = `(coalesce(octet_length(letters.event::text), 0)
  + coalesce(octet_length(letters.details::text), 0) + coalesce((
    select sum(coalesce(octet_length(response), 0) + coalesce(octet_length(error), 0)) from (
      select response, error from letter_attempts where letter_id = letters.id
      order by number desc limit ${ATTEMPTS_SHOWN_MAX}
    ) a), 0))`;

export interface LetterRow extends EventRow {
  id: string;
  template_version: number;
  recipient: string | null;
  recipient_name: string | null;
  locale: 'ru' | 'en' | null;
  details: LetterDetails | null;
  state: 'queued' | 'sending' | 'committing' | 'sent' | 'failed';
  unknown_outcomes: number;
  attempt_count: number;
  /** The attempt whose marker before the final dot is stored. */
  marked_attempt: number | null;
  failure: string | null;
  waits_for: 'confirmation' | null;
  sent_at: Date | null;
  partition: number;
  offset: string;
  /** When it entered the inbox. */
  created_at: Date;
  /** `startedAt` as PostgreSQL writes it in JSON. */
  attempts: (LetterAttempt & { stage: AttemptStage | null; address: string | null })[];
  trying_since: Date;
  due_at: Date;
  erased_at: Date | null;
  /** `at` as PostgreSQL writes it in JSON. */
  acknowledgement: Acknowledgement | null;
}
