import type { Logger } from 'pino';
import type { Broker } from '../broker/port/broker.ts';
import { describeError } from '../errors.ts';
import type { Database, Queryable } from '../postgres/database.ts';
import { deletePublished, inBatches, UPKEEP_BATCH } from './outbox-retention.ts';

const EVERY_MS = 60_000;
// A broker that has just lost its tail is often not quite back yet: sooner, and still rarely.
const AFTER_FAULT_MS = 5_000;

interface UpkeepOptions {
  database: Database;
  broker: Broker;
  topic: string;
  log: Logger;
}

/**
 * What a relay does beside relaying: notices what the broker lost, and deletes what was published
 * long ago. Its faults wait for the next time: they must not keep new rows from going out.
 * @returns in how many milliseconds it is due again
 */
export async function maintainOutbox(options: UpkeepOptions): Promise<number> {
  try {
    await republishLostTail(options);
    await deletePublished(options.database);
    return EVERY_MS;
  } catch (error) {
    options.log.warn(`outbox upkeep: ${describeError(error)}`);
    return AFTER_FAULT_MS;
  }
}

/**
 * A broker may acknowledge messages and lose them: a power cut before they reached the disk, a
 * restored backup. Its topic then ends below what was acknowledged, and those rows are published
 * again (docs/reference/events.md). Positions in another topic, or in one that was
 * recreated, say nothing here.
 */
async function republishLostTail(options: UpkeepOptions): Promise<void> {
  const { database, broker, topic, log } = options;
  // In this order: whatever is marked here was acknowledged before the ends are read.
  const marked = await findMarkedEnds(database);
  if (marked.length === 0) return;
  const present = await broker.ends(topic);
  for (const { topicId, partition, end } of marked) {
    if (present === null || present.topicId !== topicId) continue;
    const from = present.ends.get(partition) ?? 0n;
    if (from >= end) continue;
    const rows = await unmarkFrom(database, { topicId, partition, offset: from });
    log.error({ topic, partition, from, rows }, 'the broker lost messages; they go out again');
  }
}

interface MarkedEnd {
  topicId: string;
  partition: number;
  /** One above the highest acknowledged offset. */
  end: bigint;
}

async function findMarkedEnds(db: Queryable): Promise<MarkedEnd[]> {
  // A walk along the index from one (topic, partition) to the next: a plain `group by` would read
  // all rows of the retention.
  const { rows } = await db.query<{ topic_id: string; partition: number; offset: string }>(
    `with recursive places as (
        (select topic_id, partition, "offset" from outbox where published_at is not null
          order by topic_id desc, partition desc, "offset" desc limit 1)
        union all
        select next.* from places cross join lateral (
          select topic_id, partition, "offset" from outbox
          where published_at is not null
            and (topic_id, partition) < (places.topic_id, places.partition)
          order by topic_id desc, partition desc, "offset" desc limit 1) as next)
      select * from places`,
  );
  return rows.map((row) => ({
    topicId: row.topic_id,
    partition: row.partition,
    end: BigInt(row.offset) + 1n,
  }));
}

/** @returns how many rows are to be published again */
async function unmarkFrom(
  db: Queryable,
  { topicId, partition, offset }: { topicId: string; partition: number; offset: bigint },
): Promise<number> {
  return inBatches(async () => {
    const { rowCount } = await db.query(
      `update outbox set published_at = null, leased_until = null,
          topic_id = null, partition = null, "offset" = null
        where id in (
          select id from outbox
          where published_at is not null and topic_id = $1 and partition = $2 and "offset" >= $3
          limit $4)`,
      [topicId, partition, offset, UPKEEP_BATCH],
    );
    return rowCount ?? 0;
  });
}
