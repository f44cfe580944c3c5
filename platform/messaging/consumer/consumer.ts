import type { Logger } from 'pino';
import type { Static, TSchema } from 'typebox';
import type { Broker } from '../../broker/port/broker.ts';
import type { Metric } from '../../http/metrics.ts';
import type { Database, Queryable } from '../../postgres/database.ts';
import { migrate } from '../../postgres/migrate.ts';
import { consumerMetrics } from './consumer-metrics.ts';
import { createDeadLetters, type DeadLetters } from './dead-letters.ts';
import { createHandler } from './handle-messages.ts';
import { type ConsumedEvent, createReader, type EventFormat } from './read-message.ts';
import { countUnknownTypes } from './unknown-types.ts';

export type { ConsumedEvent } from './read-message.ts';

const MIGRATIONS = new URL('migrations/', import.meta.url);

export interface ConsumerOptions<S extends TSchema> extends EventFormat<S> {
  /** The service's own migrations must have been applied. */
  database: Database;
  broker: Broker;
  topic: string;
  group: string;
  /**
   * Stores events in the transaction of their dead letters. It must leave an event alone whose id
   * is stored already: delivery is at least once.
   */
  store: (tx: Queryable, events: ConsumedEvent<Static<S>>[]) => Promise<void>;
  /** Called after events were stored. */
  onStored?: () => void;
  log: Logger;
  /** By the clock of the database. */
  now: () => Date;
}

/** A running consumer of one type of event. */
export interface Consumer {
  deadLetters: DeadLetters;
  metrics: Metric[];
  /** Waits for the messages under way. */
  close(): Promise<void>;
}

/**
 * Stores each event of a topic exactly once. A message that cannot be stored becomes a dead letter,
 * and messages of other types are counted and skipped. Creates the tables that it needs.
 */
export async function startConsumer<S extends TSchema>(
  options: ConsumerOptions<S>,
): Promise<Consumer> {
  const { database, broker, topic, group, store, onStored = () => {}, log, now } = options;
  await migrate(database, MIGRATIONS);
  const read = createReader(options);
  const unknownTypes = countUnknownTypes(log);
  const handle = createHandler({
    database,
    read,
    store,
    onStored,
    onUnknownType: unknownTypes.count,
    now,
  });
  const deadLetters = createDeadLetters({ database, read, store, onStored });
  const subscription = await broker.subscribe(topic, group, handle);
  return {
    deadLetters,
    metrics: consumerMetrics({ broker, topic, group, unknownTypes, deadLetters }),
    close: () => subscription.close(),
  };
}
