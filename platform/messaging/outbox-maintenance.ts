import type { Logger } from 'pino';
import { startLoop } from '../async/loop.ts';
import type { Broker } from '../broker/port/broker.ts';
import { describeError } from '../errors.ts';
import type { Database, Queryable } from '../postgres/database.ts';

/** Rows are kept this long: after their publication, or without a relay after their creation. */
export const OUTBOX_RETENTION_DAYS = 7;
// Most rows of one statement, so that none hits the statement timeout or holds many locks.
const ROWS_MAX = 1_000;
const EVERY_MS = 60_000;
// After a fault the next run comes sooner: a broker that lost its tail is often still starting.
const AFTER_FAULT_MS = 5_000;

/** The outbox that the relay and its maintenance work on. */
export interface OutboxOptions {
  database: Database;
  broker: Broker;
  topic: string;
  log: Logger;
}

/**
 * Publishes again what the broker lost, and deletes rows that were published long ago. A failure
 * waits for the next run: it must not hold back new rows.
 * @returns milliseconds until the next run
 */
export async function maintainOutbox(options: OutboxOptions): Promise<number> {
  try {
    await republishLostTail(options);
    await deletePublished(options.database);
    return EVERY_MS;
  } catch (error) {
    options.log.warn(`outbox maintenance: ${describeError(error)}`);
    return AFTER_FAULT_MS;
  }
}

/**
 * A broker may acknowledge messages and lose them: a power cut before they reached the disk, a
 * restored backup. Its topic then ends below the acknowledged offsets, and those rows are published
 * again (docs/reference/events.md). Offsets of another or a recreated topic are not compared.
 */
async function republishLostTail(options: OutboxOptions): Promise<void> {
  const { database, broker, topic, log } = options;
  // In this order: rows that are marked now were acknowledged before the ends are read.
  const marked = await findMarkedEnds(database);
  if (marked.length === 0) return;
  const present = await broker.endOffsets(topic);
  for (const { topicId, partition, end } of marked) {
    if (present === null || present.topicId !== topicId) continue;
    const from = present.endOffsets.get(partition) ?? 0n;
    if (from >= end) continue;
    const rows = await unmarkFrom(database, { topicId, partition, offset: from });
    log.error({ topic, partition, from, rows }, 'the broker lost messages; they go out again');
  }
}

/** `end` is one above the highest acknowledged offset. */
async function findMarkedEnds(db: Queryable) {
  // Steps along the index from one (topic, partition) to the next: a plain `group by` would read
  // all rows of the retention.
  const { rows } = await db.query<{ topic_id: string; partition: number; offset: string }>(
    `with recursive ends as (
        (select topic_id, partition, "offset" from outbox where published_at is not null
          order by topic_id desc, partition desc, "offset" desc limit 1)
        union all
        select next.* from ends cross join lateral (
          select topic_id, partition, "offset" from outbox
          where published_at is not null
            and (topic_id, partition) < (ends.topic_id, ends.partition)
          order by topic_id desc, partition desc, "offset" desc limit 1) as next)
      select * from ends`,
  );
  return rows.map((row) => ({
    topicId: row.topic_id,
    partition: row.partition,
    end: BigInt(row.offset) + 1n,
  }));
}

/** @returns how many rows will be published again */
async function unmarkFrom(
  db: Queryable,
  { topicId, partition, offset }: { topicId: string; partition: number; offset: bigint },
): Promise<number> {
  return inBatches(
    db,
    `update outbox set published_at = null, leased_until = null,
        topic_id = null, partition = null, "offset" = null
      where id in (
        select id from outbox
        where published_at is not null and topic_id = $2 and partition = $3 and "offset" >= $4
        limit $1)`,
    [topicId, partition, offset],
  );
}

/**
 * Keeps an outbox small that another publisher than our relay sends. It deletes rows by age, since
 * no relay marks them. The publisher reads the write-ahead log, where the insert of a deleted row
 * remains.
 * Safe with several replicas.
 */
export function startOutboxRetention({ database, log }: { database: Database; log: Logger }) {
  return startLoop({
    name: 'outbox retention',
    log,
    retry: { firstMs: EVERY_MS, maxMs: EVERY_MS },
    async round() {
      // A relay may have published some before it was turned off.
      await deletePublished(database);
      await deleteByAge(database);
      return EVERY_MS;
    },
  });
}

/** Deletes rows whose publication is longer ago than the retention. */
function deletePublished(db: Queryable): Promise<number> {
  return inBatches(
    db,
    `delete from outbox where id in (
      select id from outbox where published_at < now() - $2 * interval '1 day' limit $1)`,
    [OUTBOX_RETENTION_DAYS],
  );
}

function deleteByAge(db: Queryable): Promise<number> {
  // By sequence, which has an index. Concurrent transactions may take numbers out of order; a row
  // behind a younger one is deleted a minute later.
  return inBatches(
    db,
    `delete from outbox where id in (
      select id from (
        select id, created_at from outbox where published_at is null order by sequence limit $1
      ) as oldest
      where created_at < now() - $2 * interval '1 day')`,
    [OUTBOX_RETENTION_DAYS],
  );
}

/**
 * Repeats a statement until it finds no more rows.
 * @param text $1 is the most rows that it may change
 * @returns how many rows it changed in all
 */
async function inBatches(db: Queryable, text: string, values: unknown[]): Promise<number> {
  for (let total = 0; ; ) {
    const rows = (await db.query(text, [ROWS_MAX, ...values])).rowCount ?? 0;
    total += rows;
    if (rows < ROWS_MAX) return total;
  }
}
