import type { Metric } from '#platform/metrics/metrics.ts';
import type { Database } from '#platform/postgres/database.ts';
import { readPending, readUnpublished } from './overview-store.ts';

/**
 * Metrics of orders for operators: orders that have not ended, and events that are not published.
 * @param relayed whether our relay publishes the outbox and marks its rows
 */
export function orderMetrics(database: Database, relayed: boolean): Metric[] {
  const pending: Metric[] = [
    {
      name: 'orderbell_orders_pending',
      help: 'Orders that have not ended.',
      read: async () => [{ value: (await readPending(database)).count }],
    },
    {
      name: 'orderbell_orders_pending_oldest_seconds',
      help: 'Age of the oldest order that has not ended; 0 without one.',
      read: async () => [{ value: (await readPending(database)).oldestS }],
    },
  ];
  const outbox: Metric[] = [
    {
      name: 'orderbell_outbox_unpublished',
      help: 'Events that the broker has not acknowledged.',
      read: async () => [{ value: (await readUnpublished(database)).count }],
    },
    {
      name: 'orderbell_outbox_oldest_seconds',
      help: 'Age of the oldest event that the broker has not acknowledged; 0 without one.',
      read: async () => [{ value: (await readUnpublished(database)).oldestS }],
    },
  ];
  return relayed ? [...pending, ...outbox] : pending;
}
