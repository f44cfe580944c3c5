import type { Logger } from 'pino';
import { startLoop } from '../../async/loop.ts';
import { AppError } from '../../errors.ts';
import type { Database } from '../../postgres/database.ts';
import { isTransient } from '../../postgres/errors.ts';
import { migrate } from '../../postgres/migrate.ts';
import { nodeCommandFor } from '../../values/program.ts';
import {
  type Acknowledgement,
  type Broker,
  brokerUnavailable,
  type OutgoingMessage,
} from '../port/broker.ts';
import { listLag } from './group-store.ts';
import * as store from './store.ts';
import { EmbeddedSubscription } from './subscription.ts';
import { createAppender, createTopics } from './topics.ts';

/** The log's database, apart from those of the services. */
export const BROKER_DATABASE = {
  name: 'broker',
  // Covers a process with one publisher and one subscription: append, poll, fetch, commit,
  // heartbeat and retention. With fewer, a heartbeat could wait for the others.
  connectionsMax: 6,
  migrations: [new URL('migrations/', import.meta.url)],
  migrateCommand: nodeCommandFor('platform/broker/embedded/migrate.ts'),
} as const;

const PARTITIONS_PER_TOPIC = 6;
const POLL_MS = 100;
// Longer than any pause of a live process (garbage collection, a database restart). The partitions
// of a killed process wait this long for their next owner.
const LEASE_MS = 10_000;
const RETENTION_MS = 7 * 24 * 60 * 60 * 1_000;
const RETENTION_INTERVAL_MS = 60_000;
// Short statements: a deletion must not delay a publisher.
const RETENTION_BATCH = 1_000;

export interface EmbeddedBrokerOptions {
  /** A database for the broker alone. The caller closes it, after the broker. */
  database: Database;
  log: Logger;
  /** For new topics (default 6); an existing topic keeps its number. */
  partitionsPerTopic?: number;
  /** How often to poll for messages that another instance published (default 100). */
  pollMs?: number;
  /** How long a silent member keeps its partitions (default 10 s). */
  leaseMs?: number;
  /** Messages that every group has handled are deleted at this age (default 7 days). */
  retentionMs?: number;
}

/**
 * The embedded broker: a log in PostgreSQL. Applies its migrations. Instances on the same database,
 * in this process or others, form one broker.
 */
export async function createEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<Broker> {
  const { database, log, pollMs = POLL_MS, leaseMs = LEASE_MS } = options;
  await migrate(database, BROKER_DATABASE.migrations);
  const topics = createTopics(database, options.partitionsPerTopic ?? PARTITIONS_PER_TOPIC);
  const subscriptions = new Set<EmbeddedSubscription>();
  const append = createAppender(database, topics);
  const retention = startRetention(database, options.retentionMs ?? RETENTION_MS, log);
  const publishing = new Set<Promise<unknown>>();
  let closed = false;

  async function publish(topic: string, messages: OutgoingMessage[]): Promise<Acknowledgement[]> {
    try {
      const acknowledgements = await append(topic, messages);
      // Wakes our own subscriptions; those of other instances poll.
      for (const each of subscriptions) if (each.topicName === topic) each.wake();
      return acknowledgements;
    } catch (error) {
      if (!isTransient(error)) throw error;
      throw new AppError(brokerUnavailable, `could not publish to ${topic}`, { cause: error });
    }
  }

  return {
    publish(topic, messages) {
      if (closed) return Promise.reject(new AppError(brokerUnavailable, 'the broker is closed'));
      const done = publish(topic, messages);
      const settled: Promise<unknown> = done
        .catch(() => undefined)
        .finally(() => publishing.delete(settled));
      publishing.add(settled);
      return done;
    },
    async subscribe(topic, group, handler) {
      if (closed) throw new AppError(brokerUnavailable, 'the broker is closed');
      const subscription = new EmbeddedSubscription({
        database,
        topics,
        topic,
        group,
        handler,
        pollMs,
        leaseMs,
        log: log.child({ topic, group }),
      });
      subscriptions.add(subscription);
      return {
        async close() {
          await subscription.close();
          subscriptions.delete(subscription);
        },
      };
    },
    lag: (topic, group) => listLag(database, topic, group),
    endOffsets: (topic) => store.findEndOffsets(database, topic),
    async close() {
      closed = true;
      await Promise.all([...subscriptions].map((each) => each.close()));
      await Promise.all(publishing);
      await retention.close();
    },
  };
}

/** Deletes old handled messages, now and each minute. Several instances may do so concurrently. */
function startRetention(database: Database, retentionMs: number, log: Logger) {
  return startLoop({
    name: 'retention of the log',
    log,
    retry: { firstMs: RETENTION_INTERVAL_MS, maxMs: RETENTION_INTERVAL_MS },
    async round() {
      const deleted = await store.deleteOldMessages(database, retentionMs, RETENTION_BATCH);
      return deleted === RETENTION_BATCH ? 0 : RETENTION_INTERVAL_MS;
    },
  });
}
