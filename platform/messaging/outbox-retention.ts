import type { Logger } from 'pino';
import { type Loop, startLoop } from '../async/loop.ts';
import type { Database, Queryable } from '../postgres/database.ts';

/** Rows are kept this long: after their publication, or without a relay after their creation. */
export const OUTBOX_RETENTION_DAYS = 7;
/** Rows of one statement: few, so that none runs into its timeout or holds many locks. */
export const ROWS_MAX = 1_000;
const RETENTION_EVERY_MS = 60_000;

/**
 * Keeps an outbox small that no relay of ours publishes: it deletes rows by age, since nobody marks
 * them. Their publisher reads the write-ahead log, which keeps an insert after its row is deleted.
 * Safe with several replicas.
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
      // A relay may have published some before it was turned off.
      await deletePublished(database);
      await deleteByAge(database);
      return RETENTION_EVERY_MS;
    },
  });
}

/** Deletes rows whose publication is longer ago than the retention. */
export async function deletePublished(db: Queryable): Promise<void> {
  await inBatches(async () => {
    const { rowCount } = await db.query(
      `delete from outbox where id in (
        select id from outbox where published_at < now() - $1 * interval '1 day' limit $2)`,
      [OUTBOX_RETENTION_DAYS, ROWS_MAX],
    );
    return rowCount ?? 0;
  });
}

async function deleteByAge(db: Queryable): Promise<void> {
  await inBatches(async () => {
    // By sequence, which has an index. Concurrent transactions may take numbers out of order; a row
    // behind a younger one is deleted a minute later.
    const { rowCount } = await db.query(
      `delete from outbox where id in (
        select id from (
          select id, created_at from outbox where published_at is null order by sequence limit $2
        ) as oldest
        where created_at < now() - $1 * interval '1 day')`,
      [OUTBOX_RETENTION_DAYS, ROWS_MAX],
    );
    return rowCount ?? 0;
  });
}

/**
 * Repeats a statement that changes at most `ROWS_MAX` rows until it finds no more.
 * @returns how many rows it changed in all
 */
export async function inBatches(statement: () => Promise<number>): Promise<number> {
  for (let total = 0; ; ) {
    const rows = await statement();
    total += rows;
    if (rows < ROWS_MAX) return total;
  }
}
