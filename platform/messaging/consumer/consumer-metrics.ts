import type { Broker } from '../../broker/port/broker.ts';
import type { Metric } from '../../http/metrics.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { UnknownTypes } from './unknown-types.ts';

/** What an operator watches of a consumer: messages that are unread, dead or skipped. */
export function consumerMetrics(watched: {
  broker: Broker;
  topic: string;
  group: string;
  unknownTypes: UnknownTypes;
  deadLetters: DeadLetters;
}): Metric[] {
  const { broker, topic, group, unknownTypes, deadLetters } = watched;
  return [
    {
      name: 'orderbell_consumer_lag',
      help: 'Messages of the topic that the group has not handled, by partition.',
      labels: ['topic', 'group', 'partition'],
      read: async () =>
        (await broker.lag(topic, group)).map(({ partition, position, end }) => ({
          value: Number(end - position),
          labels: { topic, group, partition: String(partition) },
        })),
    },
    {
      name: 'orderbell_dead_letters',
      help: 'Messages that could not be stored and were not redriven.',
      read: async () => [{ value: await deadLetters.count() }],
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
