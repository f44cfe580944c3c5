import { type Batcher, createBatcher } from '../../async/batcher.ts';
import type { Acknowledgement, OutgoingMessage } from './broker.ts';

/** A message as the log stores it. */
export interface EncodedMessage {
  key: Buffer;
  value: Buffer;
  headers: [name: string, value: Buffer][];
}

/** Limits of one write: they bound its duration, and the memory on both sides. */
interface WriteLimits {
  messages: number;
  /** A larger message is written alone. */
  bytes: number;
}

/** Stores messages in the order given. @returns one acknowledgement per message */
export type WriteMessages = (
  topic: string,
  messages: EncodedMessage[],
) => Promise<Acknowledgement[]>;

/**
 * Publishes to one topic that arrive during a write share the next write: one round trip and one
 * commit serve all. Writes of a topic never overlap, which keeps the order of publishes that the
 * caller does not await one by one.
 */
export function createPublishQueue(write: WriteMessages, limits: WriteLimits) {
  const queues = new Map<string, Batcher<EncodedMessage, Acknowledgement>>();

  function queueOf(topic: string): Batcher<EncodedMessage, Acknowledgement> {
    const queue =
      queues.get(topic) ??
      createBatcher({
        run: (messages: EncodedMessage[]) => write(topic, messages),
        batchMax: limits.messages,
        weightOf: bytesOf,
        weightMax: limits.bytes,
        // Publishers limit themselves, and the broker's own time-outs end a write.
        waitingMax: Infinity,
        waitMaxMs: Infinity,
      });
    queues.set(topic, queue);
    return queue;
  }

  return (topic: string, messages: OutgoingMessage[]): Promise<Acknowledgement[]> =>
    Promise.all(messages.map(encode).map(queueOf(topic)));
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

function bytesOf({ key, value, headers }: EncodedMessage): number {
  const ofHeaders = headers.reduce((sum, [name, text]) => sum + name.length + text.length, 0);
  return key.length + value.length + ofHeaders;
}
