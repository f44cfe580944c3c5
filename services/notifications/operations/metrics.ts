import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import type { Broker } from '#platform/broker/port/broker.ts';
import type { Metric } from '#platform/http/metrics.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { RefusalAlarm } from '../delivery/refusal-alarm.ts';
import type { UnknownTypes } from '../inbox/unknown-types.ts';
import * as store from './backlog-store.ts';

interface Watched {
  database: Database;
  broker: Broker;
  /** The group that reads the orders topic into the inbox. */
  group: string;
  unknownTypes: UnknownTypes;
  alarm: RefusalAlarm;
}

/** What an operator watches of notifications: what is not read, not sent, and cannot be used. */
export function notificationMetrics(watched: Watched): Metric[] {
  const { database, broker, group, unknownTypes, alarm } = watched;
  return [
    {
      name: 'orderbell_consumer_lag',
      help: 'Messages of the topic that the group has not handled, by partition.',
      labels: ['topic', 'group', 'partition'],
      read: async () =>
        (await broker.lag(ORDERS_TOPIC, group)).map(({ partition, position, end }) => ({
          value: Number(end - position),
          labels: { topic: ORDERS_TOPIC, group, partition: String(partition) },
        })),
    },
    {
      name: 'orderbell_letters_waiting',
      help: 'Letters that are neither sent nor failed, by state.',
      labels: ['state'],
      read: () => store.readWaiting(database),
    },
    {
      name: 'orderbell_letters_waiting_oldest_seconds',
      help: 'Age of the oldest letter that is neither sent nor failed; 0 without one.',
      read: async () => [{ value: await store.readOldest(database) }],
    },
    {
      name: 'orderbell_letters_failed',
      help: 'Letters that failed and wait for the operator.',
      read: async () => [{ value: await store.readFailed(database) }],
    },
    {
      name: 'orderbell_mail_refusals_total',
      help: 'Attempts that the mail server refused for a fault of ours, by this process, by fault.',
      labels: ['fault'],
      read: async () => [...alarm.counts()].map(([fault, value]) => ({ value, labels: { fault } })),
    },
    {
      name: 'orderbell_dead_letters',
      help: 'Messages that could not become a letter and were not redriven.',
      read: async () => [{ value: await store.readDead(database) }],
    },
    {
      name: 'orderbell_messages_of_unknown_type_total',
      help: 'Messages of types that are not ours, skipped by this process, by type.',
      labels: ['type'],
      read: async () =>
        [...unknownTypes.counts()].map(([type, value]) => ({ value, labels: { type } })),
    },
  ];
}
