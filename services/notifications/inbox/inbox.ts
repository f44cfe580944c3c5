import { createBatcher } from '#platform/async/batcher.ts';
import type { Database } from '#platform/postgres/database.ts';
import { isContentRefusal } from '#platform/postgres/errors.ts';
import * as store from '../delivery/letter-store.ts';
import { type DeadLetterRow, insertDeadLetters } from './dead-letter-store.ts';

// Of messages of one partition, at most 500: so many partitions share a transaction, which stays far
// within the time of a statement.
const SHARING_MAX = 6;
// While one waits for the disk, the next is on its way.
const TRANSACTIONS_MAX = 2;
// More than a process has partitions.
const WAITING_MAX = 1_000;

/**
 * The inbox in the database: stores letters and dead letters, both kinds in one transaction. What
 * the handlers of several partitions bring at the same time shares it. Rows that exist already are
 * left as they are, so it bears repetition.
 */
export function createInbox(
  database: Database,
): (letters: store.NewLetterRow[], deadLetters: DeadLetterRow[]) => Promise<void> {
  const storeShared = createBatcher({
    async run(parts: { letters: store.NewLetterRow[]; deadLetters: DeadLetterRow[] }[]) {
      const letters = parts.flatMap((part) => part.letters);
      const deadLetters = parts.flatMap((part) => part.deadLetters);
      await database.transaction(async (tx) => {
        if (letters.length > 0) await store.insertLetters(tx, letters);
        if (deadLetters.length > 0) await insertDeadLetters(tx, deadLetters);
      });
      return parts.map(() => undefined);
    },
    isItemError: isContentRefusal,
    batchMax: SHARING_MAX,
    maxConcurrency: TRANSACTIONS_MAX,
    waitingMax: WAITING_MAX,
    coalescePerTick: true,
  });
  return (letters, deadLetters) => storeShared({ letters, deadLetters });
}
