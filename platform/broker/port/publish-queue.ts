import type { Acknowledgement, OutgoingMessage } from './broker.ts';

/** A message as it will lie in the log. */
export interface EncodedMessage {
  key: Buffer;
  value: Buffer;
  headers: [name: string, value: Buffer][];
}

/** What one write takes at most: its time, and the memory on both sides, follow from it. */
export interface WriteLimits {
  messages: number;
  /** A message above them is written all the same, alone. */
  bytes: number;
}

/** Stores messages in the order given. @returns one acknowledgement per message */
export type WriteMessages = (
  topic: string,
  messages: EncodedMessage[],
) => Promise<Acknowledgement[]>;

interface Waiting extends PromiseWithResolvers<Acknowledgement[]> {
  messages: EncodedMessage[];
  bytes: number;
}

/**
 * Publishes of one topic that come while a write runs wait and share the next one: one round trip
 * and one commit serve all. It also keeps the order of publishes that the caller did not await one
 * by one.
 */
export function createPublishQueue(write: WriteMessages, limits: WriteLimits) {
  const queues = new Map<string, Waiting[]>();

  async function writeQueue(topic: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      const batch = takeBatch(queue, limits);
      try {
        const written = await write(
          topic,
          batch.flatMap(({ messages }) => messages),
        );
        const count = batch.reduce((sum, { messages }) => sum + messages.length, 0);
        if (written.length !== count) {
          throw new Error(`${count} messages have ${written.length} acknowledgements`);
        }
        for (const each of batch) each.resolve(written.splice(0, each.messages.length));
      } catch (error) {
        for (const each of batch) each.reject(error);
      }
    }
    queues.delete(topic);
  }

  return async (topic: string, messages: OutgoingMessage[]): Promise<Acknowledgement[]> => {
    const parts = partsOf(messages.map(encode), limits);
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

function encode({ key, value, headers }: OutgoingMessage): EncodedMessage {
  return {
    key: Buffer.from(key),
    value,
    headers: Object.entries(headers).map(([name, text]): [string, Buffer] => [
      name,
      Buffer.from(text),
    ]),
  };
}

/** Cuts one publish into parts that fit a write each. */
function partsOf(messages: EncodedMessage[], limits: WriteLimits): Waiting[] {
  const parts: Waiting[] = [];
  for (const message of messages) {
    const bytes = bytesOf(message);
    const last = parts.at(-1);
    if (last && last.messages.length < limits.messages && last.bytes + bytes <= limits.bytes) {
      last.messages.push(message);
      last.bytes += bytes;
    } else {
      parts.push({ messages: [message], bytes, ...Promise.withResolvers<Acknowledgement[]>() });
    }
  }
  return parts;
}

/** Takes the first parts that fit one write together, at least one. */
function takeBatch(queue: Waiting[], limits: WriteLimits): Waiting[] {
  let count = 0;
  let bytes = 0;
  const next = queue.findIndex((part) => {
    count += part.messages.length;
    bytes += part.bytes;
    return count > limits.messages || bytes > limits.bytes;
  });
  return queue.splice(0, next === -1 ? queue.length : Math.max(1, next));
}

function bytesOf({ key, value, headers }: EncodedMessage): number {
  const ofHeaders = headers.reduce((sum, [name, text]) => sum + name.length + text.length, 0);
  return key.length + value.length + ofHeaders;
}
