import { problem } from '../../errors.ts';

/**
 * The broker port: the operations that Orderbell needs of a message broker
 * (docs/reference/events.md). Both adapters, Kafka and the embedded log, pass one contract suite.
 */

/** Problem of a failed `publish`, in every adapter. */
export const brokerUnavailable = problem('broker-unavailable', 'unavailable', {
  ru: ['Брокер недоступен', 'Сообщение не принято. Повторите позже.'],
  en: ['Broker unavailable', 'The message was not accepted. Try again later.'],
});

/** A message to publish. Messages with the same key keep their order. */
export interface OutgoingMessage {
  key: string;
  value: Buffer;
  headers: Record<string, string>;
}

export interface Position {
  partition: number;
  offset: bigint;
}

export interface Acknowledgement extends Position {
  /** Identity of the topic: a recreated topic of the same name has another one. */
  topicId: string;
}

/** A stored message. Foreign producers may omit everything but the position. */
export interface IncomingMessage extends Position {
  topic: string;
  key: Buffer | null;
  /** Null for a tombstone. */
  value: Buffer | null;
  headers: Record<string, Buffer>;
  timestamp: Date;
}

/**
 * Gets messages of one partition in offset order. The position is committed only after the promise
 * has resolved; after a rejection the same messages are delivered again later.
 */
export type MessageHandler = (messages: IncomingMessage[]) => Promise<void>;

export interface Subscription {
  /** Stops fetching, waits for the running handler, commits, and leaves the group. */
  close(): Promise<void>;
}

export interface PartitionLag {
  partition: number;
  /** The offset that the group handles next. */
  position: bigint;
  /** The offset that the next published message gets. */
  end: bigint;
}

/** End offsets of a topic. */
export interface TopicEndOffsets {
  /** As in acknowledgements: a recreated topic has another one. */
  topicId: string;
  /** By partition: the offset that the next published message gets. */
  endOffsets: Map<number, bigint>;
}

export interface Broker {
  /**
   * Stores messages durably, creating the topic when it does not exist.
   * @returns one acknowledgement per message, in the order given
   * @throws AppError `broker-unavailable`; some of the messages may be stored nevertheless
   */
  publish(topic: string, messages: OutgoingMessage[]): Promise<Acknowledgement[]>;
  /**
   * Delivers every message of the topic to the group at least once, from the beginning for a new
   * group, until closed. Retries faults of the broker forever.
   */
  subscribe(topic: string, group: string, handler: MessageHandler): Promise<Subscription>;
  /** The group's distance to the end of each partition. */
  lag(topic: string, group: string): Promise<PartitionLag[]>;
  /** The current end offsets, read after the call; null when there is no such topic. */
  endOffsets(topic: string): Promise<TopicEndOffsets | null>;
  close(): Promise<void>;
}
