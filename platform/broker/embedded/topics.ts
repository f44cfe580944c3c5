import { AppError } from '../../errors.ts';
import type { Database } from '../../postgres/database.ts';
import { brokerUnavailable } from '../port/broker.ts';
import { createPublishQueue, type WriteMessages } from '../port/publish-queue.ts';
import * as store from './store.ts';

const STATEMENT_LIMITS = { messages: 500, bytes: 4 * 1024 * 1024 };

export type Topics = ReturnType<typeof createTopics>;

/** Finds topics, creates missing ones, and caches them. */
export function createTopics(database: Database, partitions: number) {
  const known = new Map<string, store.Topic>();
  return {
    async get(name: string): Promise<store.Topic> {
      let topic = known.get(name) ?? (await store.findTopic(database, name));
      if (topic === undefined) {
        await store.insertTopic(database, name, partitions);
        topic = await store.findTopic(database, name);
      }
      if (topic === undefined)
        throw new AppError(brokerUnavailable, `topic ${name} was removed meanwhile`);
      known.set(name, topic);
      return topic;
    },
    forget: (name: string) => known.delete(name),
  };
}

/** FNV-1a, 32 bits. Stored data depends on it: another hash would break the order of a key. */
function hashKey(key: Buffer): number {
  let hash = 0x811c9dc5;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Appends to topics of the database, and creates missing topics. */
export function createAppender(database: Database, topics: Topics) {
  const write: WriteMessages = async (topicName, messages) => {
    // Twice, since a cached topic may have been recreated.
    for (let attempt = 1; attempt <= 2; attempt++) {
      const topic = await topics.get(topicName);
      const counts = new Map<number, number>();
      const rows = messages.map((message) => {
        const partition = hashKey(message.key) % topic.partitions;
        const rank = counts.get(partition) ?? 0;
        counts.set(partition, rank + 1);
        return { ...message, partition, rank };
      });
      const firsts = await store.appendMessages(database, topic.number, rows);
      if (firsts.size === counts.size) {
        return rows.map(({ partition, rank }) => ({
          topicId: topic.id,
          partition,
          offset: (firsts.get(partition) as bigint) + BigInt(rank),
        }));
      }
      topics.forget(topicName);
    }
    throw new AppError(brokerUnavailable, `topic ${topicName} was removed meanwhile`);
  };
  // One write at a time: the row locks would serialise concurrent appends anyway.
  return createPublishQueue(write, STATEMENT_LIMITS);
}
