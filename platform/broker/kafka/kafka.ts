import type { Logger } from 'pino';
import { AppError } from '../../errors.ts';
import { type Broker, brokerUnavailable } from '../port/broker.ts';
import type { KafkaConnection } from './client.ts';
import { createKafkaPublisher } from './publisher.ts';
import { KafkaSubscription } from './subscription.ts';
import { createKafkaTopics } from './topics.ts';

const PARTITIONS_PER_TOPIC = 6;

export interface KafkaBrokerOptions {
  connection: KafkaConnection;
  log: Logger;
  /** For new topics (default 6); an existing topic keeps its number. */
  partitionsPerTopic?: number;
  /** How long a silent member keeps its partitions (default 10 s). */
  sessionMs?: number;
  /** How often a member checks whether its topic has changed (default 10 s). */
  topicCheckMs?: number;
}

/**
 * Apache Kafka as the broker. Connects on demand: a service starts and accepts orders while the
 * cluster is down.
 */
export function createKafkaBroker(options: KafkaBrokerOptions): Broker {
  const { connection, log } = options;
  const topics = createKafkaTopics(connection, options.partitionsPerTopic ?? PARTITIONS_PER_TOPIC);
  const publisher = createKafkaPublisher(connection, topics);
  const subscriptions = new Set<KafkaSubscription>();
  let closed = false;

  async function ask<T>(what: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (cause) {
      throw new AppError(brokerUnavailable, `could not read ${what}`, { cause });
    }
  }

  return {
    async publish(topic, messages) {
      if (closed) throw new AppError(brokerUnavailable, 'the broker is closed');
      return publisher.publish(topic, messages);
    },
    async subscribe(topic, group, handler) {
      if (closed) throw new AppError(brokerUnavailable, 'the broker is closed');
      const subscription = new KafkaSubscription({
        ...options,
        topics,
        topic,
        group,
        handler,
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
    lag: (topic, group) => ask(`the lag of ${group}`, topics.lag(topic, group)),
    endOffsets: (topic) => ask(`the end offsets of ${topic}`, topics.endOffsets(topic)),
    async close() {
      closed = true;
      await Promise.all([...subscriptions].map((each) => each.close()));
      await publisher.close();
      await topics.close();
    },
  };
}
