import type { Logger } from 'pino';
import { type Loop, startLoop } from '../async/loop.ts';
import type { Database, Queryable } from '../postgres/database.ts';

/** Rows are kept this long: after their publication, or without a relay after their creation. */
export const OUTBOX_RETENTION_DAYS = 7;
/** Rows of one statement: short ones, so that none runs into its time-out or holds many locks. */
export const UPKEEP_BATCH = 1_000;
const RETENTION_EVERY_MS = 60_000;

/**
 * Keeps an outbox small that no relay of ours publishes: rows are deleted by their age, since
 * nobody marks them. Who publishes them reads the write-ahead log, which keeps an insert whatever
 * happens to its row. Safe with several replicas.
 */
export function startOutboxRetention(options: {
  database: Database;
  log: Logger;
}): Pick<Loop, 'close'> {
  const { database, log } = options;
  return startLoop({
    name: 'outbox retention',
    log,
    retry: { firstMs: RETENTION_EVERY_MS, maxMs: RETENTION_EVERY_MS },
    async round() {
      // Those that a relay published before it was turned off.
      await deletePublished(database);
      await deleteByAge(database);
      return RETENTION_EVERY_MS;
    },
  });
}

/** Deletes what a relay published longer ago than the retention. */
export async function deletePublished(db: Queryable): Promise<void> {
  await inBatches(async () => {
    const { rowCount } = await db.query(
      `delete from outbox where id in (
        select id from outbox where published_at < now() - $1 * interval '1 day' limit $2)`,
      [OUTBOX_RETENTION_DAYS, UPKEEP_BATCH],
    );
    return rowCount ?? 0;
  });
}

async function deleteByAge(db: Queryable): Promise<void> {
  await inBatches(async () => {
    // By sequence, which has an index and is the order of creation but for transactions that ran
    // at the same time: a row that hides behind a younger one goes a minute later.
    const { rowCount } = await db.query(
      `delete from outbox where id in (
        select id from (
          select id, created_at from outbox where published_at is null order by sequence limit $2
        ) as oldest
        where created_at < now() - $1 * interval '1 day')`,
      [OUTBOX_RETENTION_DAYS, UPKEEP_BATCH],
    );
    return rowCount ?? 0;
  });
}

/**
 * Repeats a statement that takes `UPKEEP_BATCH` rows at most until nothing is left for it.
 * @returns how many rows it took in all
 */
export async function inBatches(statement: () => Promise<number>): Promise<number> {
  for (let total = 0; ; ) {
    const rows = await statement();
    total += rows;
    if (rows < UPKEEP_BATCH) return total;
  }
}
