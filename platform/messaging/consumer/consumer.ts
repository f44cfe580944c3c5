import type { Logger } from 'pino';
import type { Static, TSchema } from 'typebox';
import type { Broker } from '../../broker/port/broker.ts';
import type { Metric } from '../../metrics/metrics.ts';
import { AUDIT_MIGRATIONS } from '../../postgres/audit-trail.ts';
import type { Database, Queryable } from '../../postgres/database.ts';
import { type DatabaseClock, startDatabaseClock } from '../../postgres/database-clock.ts';
import { migrate } from '../../postgres/migrate.ts';
import { databaseStep } from '../../postgres/service-database.ts';
import type { Fields } from '../../telemetry/tracing.ts';
import { createDeadLetters, type DeadLetters } from './dead-letters.ts';
import { createHandler } from './handle-messages.ts';
import { type ConsumedEvent, createReader, type EventFormat } from './read-message.ts';
import { countUnknownTypes, type UnknownTypes } from './unknown-types.ts';

export type { ConsumedEvent } from './read-message.ts';

/** The tables of a consumer, in the database of its service. */
export const CONSUMER_MIGRATIONS = new URL('migrations/', import.meta.url);

export interface ConsumerOptions<S extends TSchema, Stored> extends EventFormat<S> {
  /** The service's own migrations must have been applied. */
  database: Database;
  broker: Broker;
  topic: string;
  group: string;
  /**
   * Stores events in one statement. It must leave an event alone whose id is stored already: delivery
   * is at least once.
   */
  store: (db: Queryable, events: ConsumedEvent<Static<S>>[]) => Promise<Stored>;
  /** Called after events were stored for good, with what `store` returned. */
  onStored?: (stored: Stored) => void;
  log: Logger;
  /** The ids of a stored event for its line in the log; no lines when absent. */
  logged?: ((event: Static<S>) => Fields) | undefined;
  /** The clock of the database; the consumer reads it itself when absent. */
  now?: () => Date;
}

/** A running consumer of one type of event. */
export type Consumer = Awaited<ReturnType<typeof startConsumer>>;

/**
 * Stores each event of a topic exactly once. A message that cannot be stored becomes a dead letter,
 * and messages of other types are counted and skipped. Creates the tables that it needs.
 */
export async function startConsumer<S extends TSchema, Stored>(
  options: ConsumerOptions<S, Stored>,
) {
  const { database, broker, topic, group, store, onStored = () => {}, log } = options;
  await migrate(database, [CONSUMER_MIGRATIONS, AUDIT_MIGRATIONS]);
  const readClock = () => startDatabaseClock(database, log);
  const clock = options.now ? undefined : await databaseStep(database, 'its clock', readClock);
  const now = options.now ?? (clock as DatabaseClock).now;
  const read = createReader(options);
  const unknownTypes = countUnknownTypes(log);
  const handle = createHandler({
    database,
    read,
    store,
    onStored,
    onUnknownType: unknownTypes.count,
    topic,
    log,
    logged: options.logged,
    now,
  });
  const deadLetters = createDeadLetters({ database, read, store, onStored });
  const subscription = await broker.subscribe(topic, group, handle);
  return {
    deadLetters,
    metrics: consumerMetrics(options, unknownTypes, deadLetters),
    /** Waits for the messages under way. */
    async close() {
      await subscription.close();
      clock?.close();
    },
  };
}

/** A consumer's metrics for operators: messages that are unread, dead or skipped. */
function consumerMetrics(
  { broker, topic, group }: Pick<ConsumerOptions<TSchema, unknown>, 'broker' | 'topic' | 'group'>,
  unknownTypes: UnknownTypes,
  deadLetters: DeadLetters,
): Metric[] {
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
