import type { Metric } from '#platform/http/metrics.ts';
import type { Database } from '#platform/postgres/database.ts';
import { readPending, readUnpublished } from './backlog-store.ts';

/**
 * What an operator watches of orders: what has not ended, and what is not published.
 * @param deps.relayed whether a relay of ours publishes the outbox; without one nobody marks its
 *   rows, and a backlog of them would mean nothing
 */
export function orderMetrics(database: Database, { relayed }: { relayed: boolean }): Metric[] {
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
