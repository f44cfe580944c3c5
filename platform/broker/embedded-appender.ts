import type { Database } from '../database.ts';
import { AppError } from '../errors.ts';
import { type Acknowledgement, brokerUnavailable, type OutgoingMessage } from './broker.ts';
import * as store from './embedded-store.ts';
import type { Topics } from './embedded-topics.ts';

// Bounds one statement: its time, and the memory that its parameters take on both sides. Whatever
// a message's size, it is stored: one above the bound goes alone.
const BATCH_MESSAGES = 500;
const BATCH_BYTES = 4 * 1024 * 1024;

/** FNV-1a, 32 bits. Stored messages depend on it: another hash would break the order of a key. */
function hashKey(key: Buffer): number {
  let hash = 0x811c9dc5;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

type Encoded = Omit<store.AppendRow, 'partition' | 'rank'> & { key: Buffer };
interface Waiting extends PromiseWithResolvers<Acknowledgement[]> {
  messages: Encoded[];
  bytes: number;
}

/**
 * Publishes of one topic that come while a statement runs wait and share the next one: their
 * row locks would make them wait anyway, and one commit serves all. It also keeps the order of
 * publishes that the caller did not await one by one.
 */
export function createAppender(database: Database, topics: Topics) {
  const queues = new Map<string, Waiting[]>();

  async function write(topicName: string, messages: Encoded[]): Promise<Acknowledgement[]> {
    // Twice, since a remembered topic may have been made anew by somebody.
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
          ...{ topicId: topic.id, partition },
          offset: (firsts.get(partition) as bigint) + BigInt(rank),
        }));
      }
      topics.forget(topicName);
    }
    throw new AppError(brokerUnavailable, `topic ${topicName} was removed meanwhile`);
  }

  async function writeQueue(topic: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      const batch = takeBatch(queue);
      try {
        const written = await write(
          topic,
          batch.flatMap(({ messages }) => messages),
        );
        for (const each of batch) each.resolve(written.splice(0, each.messages.length));
      } catch (error) {
        for (const each of batch) each.reject(error);
      }
    }
    queues.delete(topic);
  }

  return async (topic: string, messages: OutgoingMessage[]): Promise<Acknowledgement[]> => {
    const encoded = messages.map(({ key, value, headers }) => ({
      ...{ key: Buffer.from(key), value },
      headers: Object.entries(headers).map(([name, text]): [string, Buffer] => [
        name,
        Buffer.from(text),
      ]),
    }));
    const parts = partsOf(encoded);
    if (parts.length === 0) return [];
    const queue = queues.get(topic);
    if (queue !== undefined) queue.push(...parts);
    else {
      const started = [...parts];
      queues.set(topic, started);
      void writeQueue(topic, started);
    }
    return (await Promise.all(parts.map(({ promise }) => promise))).flat();
  };
}

/** Cuts one publish into parts that fit a statement each. */
function partsOf(messages: Encoded[]): Waiting[] {
  const parts: Waiting[] = [];
  for (const message of messages) {
    const bytes = bytesOf(message);
    const last = parts.at(-1);
    if (last && last.messages.length < BATCH_MESSAGES && last.bytes + bytes <= BATCH_BYTES) {
      last.messages.push(message);
      last.bytes += bytes;
    } else {
      parts.push({ messages: [message], bytes, ...Promise.withResolvers<Acknowledgement[]>() });
    }
  }
  return parts;
}

/** Takes the first parts that fit one statement together, at least one. */
function takeBatch(queue: Waiting[]): Waiting[] {
  let count = 0;
  let bytes = 0;
  const next = queue.findIndex((part) => {
    count += part.messages.length;
    bytes += part.bytes;
    return count > BATCH_MESSAGES || bytes > BATCH_BYTES;
  });
  return queue.splice(0, next === -1 ? queue.length : Math.max(1, next));
}

function bytesOf({ key, value, headers }: Encoded): number {
  const ofHeaders = headers.reduce((sum, [name, text]) => sum + name.length + text.length, 0);
  return key.length + (value?.length ?? 0) + ofHeaders;
}
