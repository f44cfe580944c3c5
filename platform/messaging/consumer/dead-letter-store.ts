import type { Queryable } from '../../postgres/database.ts';
import { pageQuery, takePage } from '../../postgres/page-query.ts';
import { firstUuidAgo } from '../../values/uuid.ts';
import { EXCERPT } from './dead-letter-view.ts';

/** A message that cannot be stored. */
export interface DeadLetterRow {
  id: string;
  topic: string;
  partition: number;
  offset: bigint;
  key: Buffer | null;
  value: Buffer | null;
  /** JSON: array of [name, base64 value]. */
  headers: string;
  digest: Buffer;
  error: string;
}

export async function insertDeadLetters(db: Queryable, rows: DeadLetterRow[]): Promise<void> {
  await db.query(
    `insert into dead_letters
        (id, topic, partition, "offset", key, value, headers, digest, error)
      select * from unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::bytea[],
        $6::bytea[], $7::json[], $8::bytea[], $9::text[])
      on conflict (topic, partition, "offset", digest) do nothing`,
    [
      rows.map((row) => row.id),
      rows.map((row) => row.topic),
      rows.map((row) => row.partition),
      rows.map((row) => row.offset),
      rows.map((row) => row.key),
      rows.map((row) => row.value),
      rows.map((row) => row.headers),
      rows.map((row) => row.digest),
      rows.map((row) => row.error),
    ],
  );
}

/** The beginning of a dead letter. */
export interface DeadLetterExcerpt {
  id: string;
  topic: string;
  partition: number;
  offset: string;
  key: Buffer | null;
  value: Buffer | null;
  /** JSON strings with their quotes, perhaps cut off: [name, base64 value]. */
  headers: [name: string, value: string][];
  error: string;
  redrives: number;
  created_at: Date;
  redriven_at: Date | null;
  discarded_at: Date | null;
  discarded_by: string | null;
  discard_reason: string | null;
}

// Headers are split and cut as JSON text, which only json_array_elements does: every other function
// would decode the texts, and PostgreSQL cannot decode \u0000.
const SELECT_EXCERPTS = `select id, topic, partition, "offset", error, redrives,
    created_at, redriven_at, discarded_at, discarded_by, discard_reason,
    substring(key from 1 for ${EXCERPT.keyBytes}) as key,
    substring(value from 1 for ${EXCERPT.valueBytes}) as value,
    (select coalesce(json_agg(parts order by ordinal), '[]') from (
        select header, ordinal from json_array_elements(headers) with ordinality as h (header, ordinal)
        order by ordinal limit ${EXCERPT.headers}
      ) first cross join lateral (
        select array_agg(left(part::text,
          case number when 1 then ${EXCERPT.nameCharacters} else ${EXCERPT.base64Characters} end)
          order by number) as parts
        from json_array_elements(header) with ordinality as p (part, number)
      ) pair) as headers
  from dead_letters`;

// What is read of each part at most.
const EXCERPT_BYTES = `(octet_length(error)
    + least(${EXCERPT.keyBytes}, coalesce(octet_length(key), 0))
    + least(${EXCERPT.valueBytes}, coalesce(octet_length(value), 0))
    + least(${EXCERPT.headers * (EXCERPT.nameCharacters + EXCERPT.base64Characters)},
      octet_length(headers::text)))`;

/** `discarded`: an operator decided that it will never be processed. */
export type DeadLetterState = 'dead' | 'redriven' | 'discarded';

// A discarded one has both moments.
const STATE_CONDITIONS: Record<DeadLetterState, string> = {
  dead: 'redriven_at is null',
  redriven: 'redriven_at is not null and discarded_at is null',
  discarded: 'discarded_at is not null',
};

export interface DeadLetterQuery {
  state: DeadLetterState | null;
  before: string | null;
  limit: number;
}

/** Dead letters of one page, newest first, and whether there are more behind them. */
export async function listDeadLetters(
  db: Queryable,
  query: DeadLetterQuery,
): Promise<{ rows: DeadLetterExcerpt[]; more: boolean }> {
  const values: unknown[] = [query.limit + 1];
  const conditions = ['true'];
  if (query.state !== null) conditions.push(STATE_CONDITIONS[query.state]);
  if (query.before !== null) conditions.push(`id < $${values.push(query.before)}`);
  const text = pageQuery({
    table: 'dead_letters',
    ids: `select id from dead_letters where ${conditions.join(' and ')} order by id desc limit $1`,
    bytes: EXCERPT_BYTES,
    select: SELECT_EXCERPTS,
  });
  const { rows } = await db.query<DeadLetterExcerpt & { found: number }>(text, values);
  return takePage(rows, query.limit);
}

export async function findDeadLetter(db: Queryable, id: string): Promise<DeadLetterExcerpt | null> {
  const { rows } = await db.query<DeadLetterExcerpt>(`${SELECT_EXCERPTS} where id = $1`, [id]);
  return rows[0] ?? null;
}

export interface TopicPosition {
  topic: string;
  partition: number;
  offset: number;
}

// A recreated topic has other messages at the same positions; topics are rarely recreated.
const AT_ONE_POSITION_MAX = 10;

/** Dead letters that came from this position of a topic, newest first. */
export async function listDeadLettersAt(
  db: Queryable,
  position: TopicPosition,
): Promise<DeadLetterExcerpt[]> {
  const { rows } = await db.query<DeadLetterExcerpt>(
    `${SELECT_EXCERPTS} where topic = $1 and partition = $2 and "offset" = $3
      order by id desc limit ${AT_ONE_POSITION_MAX}`,
    [position.topic, position.partition, position.offset],
  );
  return rows;
}

/** A dead letter's whole message, and what became of it. */
export interface DeadMessageRow {
  topic: string;
  partition: number;
  offset: string;
  key: Buffer | null;
  value: Buffer | null;
  headers: [name: string, base64: string][];
  created_at: Date;
  state: DeadLetterState;
}

export async function findDeadMessage(db: Queryable, id: string): Promise<DeadMessageRow | null> {
  const { rows } = await db.query<DeadMessageRow>(
    `select topic, partition, "offset", key, value, headers, created_at,
        case when discarded_at is not null then 'discarded'
          when redriven_at is not null then 'redriven' else 'dead' end as state
      from dead_letters where id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** Those that are still dead, least recently tried first. */
export async function listDeadIds(db: Queryable, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from dead_letters where redriven_at is null
      order by redrive_tried_at nulls first, id limit $1`,
    [limit],
  );
  return rows.map((row) => row.id);
}

/** Number of dead letters that were not redriven, `max` of them at most. */
export async function countDead(db: Queryable, max?: number): Promise<number> {
  const { rows } = await db.query<{ count: string }>({
    name: 'count-dead-letters',
    text: 'select count(*) from (select from dead_letters where redriven_at is null limit $1) as dead',
    values: [max ?? null],
  });
  return Number(rows[0]?.count);
}

// Which dead letters a redrive may take: a discarded one only where the operator names it.
const REDRIVABLE = `(redriven_at is null or $2 and discarded_at is not null)`;

/** @returns false when another redrive was quicker, so that it is not dead any more */
export async function markRedriven(
  db: Queryable,
  id: string,
  discardedToo: boolean,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update dead_letters set redriven_at = now(), redrive_tried_at = now(), redrives = redrives + 1,
        discarded_at = null, discarded_by = null, discard_reason = null
      where id = $1 and ${REDRIVABLE}`,
    [id, discardedToo],
  );
  return rowCount === 1;
}

/** Records a redrive that failed; a discarded one stays so. @returns false when it is redriven */
export async function markStillDead(
  db: Queryable,
  id: string,
  discardedToo: boolean,
  error: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update dead_letters set redrive_tried_at = now(), redrives = redrives + 1, error = $3
      where id = $1 and ${REDRIVABLE}`,
    [id, discardedToo, error],
  );
  return rowCount === 1;
}

/**
 * Discards those of them that are dead. Skips one that a redrive holds: waiting for it while holding
 * others could deadlock.
 * @returns their ids
 */
export async function markDiscarded(
  tx: Queryable,
  ids: string[],
  { actor, reason }: { actor: string; reason: string },
): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `with dead as (
        select id from dead_letters where id = any($1::uuid[]) and redriven_at is null
        for update skip locked
      )
      update dead_letters set redriven_at = now(), discarded_at = now(), discarded_by = $2,
        discard_reason = $3
      from dead where dead_letters.id = dead.id returning dead_letters.id`,
    [ids, actor, reason],
  );
  return rows.map(({ id }) => id);
}

/** Deletes dead letters that came longer ago than this, a batch of them. @returns how many */
export async function deleteOldDeadLetters(
  db: Queryable,
  days: number,
  batch: number,
): Promise<number> {
  const { rowCount } = await db.query(
    `delete from dead_letters where id in (
       select id from dead_letters where id < ${firstUuidAgo('$1::float8 * 86400')}
         and created_at < now() - $1::float8 * interval '1 day'
       order by id limit $2 for update skip locked)`,
    [days, batch],
  );
  return rowCount ?? 0;
}
