import type { ProblemType } from '../../errors.ts';

/**
 * The broker port: the little that Orderbell asks of a message broker (docs/reference/events.md).
 * Two adapters, Kafka and the embedded log, pass one contract test suite.
 */

/** What `publish` fails with, whatever the adapter. */
export const brokerUnavailable = {
  code: 'broker-unavailable',
  kind: 'unavailable',
  ru: { title: 'Брокер недоступен', detail: 'Сообщение не принято. Повторите позже.' },
  en: { title: 'Broker unavailable', detail: 'The message was not accepted. Try again later.' },
} as const satisfies ProblemType;

/** A message to publish. Messages of one key keep their order. */
export interface OutgoingMessage {
  key: string;
  value: Buffer;
  headers: Record<string, string>;
}

/** Where the broker stored a message. */
export interface Position {
  partition: number;
  offset: bigint;
}

/** What a publisher keeps of an acknowledgement. */
export interface Acknowledgement extends Position {
  /** Identity of the very topic, so that a topic made anew is told from the one acknowledged. */
  topicId: string;
}

/** A message as it lies in the log. Foreign producers may omit anything but the position. */
export interface IncomingMessage extends Position {
  topic: string;
  key: Buffer | null;
  /** Null for a tombstone. */
  value: Buffer | null;
  headers: Record<string, Buffer>;
  timestamp: Date;
}

/**
 * Called with messages of one partition in offset order. The position is committed only after
 * the promise resolved; a rejection means "again later, from the first of these".
 */
export type MessageHandler = (messages: IncomingMessage[]) => Promise<void>;

export interface Subscription {
  /** Stops fetching, waits for the running handler, commits or leaves, gives its partitions up. */
  close(): Promise<void>;
}

export interface PartitionLag {
  partition: number;
  /** The offset that the group handles next. */
  position: bigint;
  /** The offset that the next published message gets. */
  end: bigint;
}

/** Where a topic's partitions end, by partition. */
export interface TopicEnds {
  /** As in acknowledgements: a topic made anew has another one. */
  topicId: string;
  /** The offset that the next published message gets. */
  ends: Map<number, bigint>;
}

export interface Broker {
  /**
   * Stores messages durably, creating the topic when it does not exist.
   * @returns one acknowledgement per message, in the order given
   * @throws AppError `broker-unavailable`; some of the messages may be stored all the same
   */
  publish(topic: string, messages: OutgoingMessage[]): Promise<Acknowledgement[]>;
  /**
   * Delivers every message of the topic to the group at least once, from the beginning for a
   * new group, until closed. Faults of the broker are retried without end.
   */
  subscribe(topic: string, group: string, handler: MessageHandler): Promise<Subscription>;
  /** The group's distance to the end of each partition. */
  lag(topic: string, group: string): Promise<PartitionLag[]>;
  /** The topic's present ends, read after the call; null when there is no such topic. */
  ends(topic: string): Promise<TopicEnds | null>;
  close(): Promise<void>;
}
