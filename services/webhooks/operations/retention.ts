import type { Logger } from 'pino';
import { deleteOldDeadLetters } from '#platform/messaging/consumer/dead-letter-store.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import type { Database } from '#platform/postgres/database.ts';
import { startRetention } from '#platform/postgres/retention.ts';
import * as store from './retention-store.ts';

/** Deletes events and deliveries at the end of their retention, and what removed endpoints left. */
export function startWebhookRetention(
  days: { events: number; deadLetters: number },
  { database, log, metrics }: { database: Database; log: Logger; metrics: Metrics },
) {
  const { BATCH: batch } = store;
  const task = (name: string, run: () => Promise<number>) => ({ name, batch, run });
  return startRetention({
    log,
    metrics,
    tasks: [
      task('webhook-deliveries', () => store.deleteOldDeliveries(database, days.events)),
      task('removed-endpoints', () => removeLeftovers(database)),
      task('webhook-events', () => store.deleteOldEvents(database, days.events)),
      task('dead-letters', () => deleteOldDeadLetters(database, days.deadLetters, batch)),
    ],
  });
}

async function removeLeftovers(database: Database): Promise<number> {
  const deleted = await store.deleteOfRemovedEndpoints(database);
  if (deleted < store.BATCH) await store.deleteRemovedEndpoints(database);
  return deleted;
}
