import type { Metric, Metrics } from '#platform/metrics/metrics.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { AttemptOutcome } from '../delivery/send-webhook.ts';
import * as store from './metrics-store.ts';

/** Counts the attempts of this process. */
export function countAttempts(metrics: Metrics): (outcome: AttemptOutcome) => void {
  const count = metrics.counter({
    name: 'orderbell_webhook_attempts_total',
    help: 'Attempts to deliver webhooks by this process, by outcome.',
    labels: { outcome: ['delivered', 'retried', 'dead'] },
  });
  return (outcome) => count({ outcome });
}

/** Metrics of deliveries for operators. */
export function webhookMetrics(database: Database): Metric[] {
  return [
    {
      name: 'orderbell_webhooks_waiting',
      help: 'Webhooks for enabled endpoints that are not delivered yet, counted up to 100000.',
      read: async () => [{ value: await store.countWaiting(database) }],
    },
    {
      name: 'orderbell_webhooks_waiting_oldest_seconds',
      help: 'Age of the oldest of them; 0 without one.',
      read: async () => [{ value: await store.readOldest(database) }],
    },
    {
      name: 'orderbell_webhooks_dead',
      help: 'Webhooks that were given up within a day.',
      read: async () => [{ value: await store.countDead(database) }],
    },
  ];
}
