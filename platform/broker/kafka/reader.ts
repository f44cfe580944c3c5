import {
  Consumer,
  FetchIsolationLevels,
  findErrorBy,
  protocolErrors,
  type RecordsBatch,
} from '@platformatic/kafka';
import type { Logger } from 'pino';
import type { IncomingMessage } from '../port/broker.ts';
import { clientOptions, type KafkaConnection, keepClient } from './client.ts';
import type { KafkaTopics } from './topics.ts';

// A broker keeps a fetch open so long where it has nothing new; a message ends the wait at once.
const MAX_WAIT_MS = 500;
const REQUEST_TIMEOUT_MS = 5_000;
const FETCH_TIMEOUT_MS = 8_000;
const FETCH_BYTES = 8 * 1024 * 1024;
// Of a batch: its records only mark the end of a transaction (KIP-98).
const CONTROL_BATCH = 0x20;

/** Where to go on reading. */
export interface ReadPosition {
  offset: bigint;
  /** Term of the leader that wrote the message before it, -1 when not known. */
  leaderEpoch: number;
}

/** What a fetch brought for one partition, perhaps nothing. */
export interface Fetched {
  partition: number;
  /** Each with the term of the leader that wrote it. */
  messages: { message: IncomingMessage; leaderEpoch: number }[];
  next: ReadPosition;
}

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
type FetchedPartition = FetchResponse['responses'][0]['partitions'][0];

/** The topic that was read is not there any more; another may have its name. */
export class TopicGoneError extends Error {
  constructor(name: string, cause: unknown) {
    super(`topic ${name} is gone`, { cause });
    this.name = 'TopicGoneError';
  }
}

export interface FetchRequest {
  /** Broker to ask: the leader of all the partitions. */
  node: number;
  topicId: string;
  positions: Map<number, ReadPosition>;
  /** Of each partition, at most; a message above it comes alone. */
  bytesPerPartition: number;
}

export interface KafkaReader {
  /** The broker that leads each partition; without a leader it is absent. */
  leaders(): Promise<Map<number, number>>;
  /** @throws TopicGoneError, or any Error: then it is unknown what works, and worth trying again */
  fetch(request: FetchRequest): Promise<Fetched[]>;
  /** A fetch under way fails. */
  close(): Promise<void>;
}

export interface KafkaReaderOptions {
  connection: KafkaConnection;
  topics: Pick<KafkaTopics, 'starts'>;
  topic: string;
  group: string;
  log: Logger;
}

/** Reads one topic, where the caller wants it; a member of the group is somebody else. */
export function createKafkaReader(options: KafkaReaderOptions): KafkaReader {
  const { connection, topics, topic, group, log } = options;
  const kept = keepClient(() => {
    const consumer = new Consumer({
      ...clientOptions(connection, REQUEST_TIMEOUT_MS),
      groupId: group,
    });
    consumer.topics.track(topic);
    return consumer;
  });

  /**
   * Retention took what was not read yet, or the log lost its end. Reading goes on from what is
   * the start now, since a repetition is harmless.
   */
  async function fromStart(partitions: number[], request: FetchRequest): Promise<Fetched[]> {
    const starts = await topics.starts(topic);
    return partitions.map((partition) => {
      const from = request.positions.get(partition)?.offset;
      const offset = starts.get(partition);
      if (offset === undefined || offset === from) {
        throw new Error(`partition ${partition} of ${topic} has no ${from}`);
      }
      log.error({ partition, from, to: offset }, 'the position is not in the log any more');
      return { partition, messages: [], next: { offset, leaderEpoch: -1 } };
    });
  }

  return {
    leaders: () =>
      kept.use(REQUEST_TIMEOUT_MS, async (consumer) => {
        const known = await findLeaders(consumer, topic, false);
        // Right after a topic was made, or while a leader is elected, others would be kept in mind.
        return known.complete ? known.leaders : (await findLeaders(consumer, topic, true)).leaders;
      }),
    async fetch(request) {
      const { node, topicId, positions, bytesPerPartition } = request;
      const partitions = [...positions].map(([partition, { offset, leaderEpoch }]) => ({
        partition,
        fetchOffset: offset,
        partitionMaxBytes: bytesPerPartition,
        // The leader tells when its log and ours parted ways (KIP-320).
        currentLeaderEpoch: -1,
        lastFetchedEpoch: leaderEpoch,
      }));
      const response = await kept.use(FETCH_TIMEOUT_MS, (consumer) =>
        consumer
          .fetch({
            node,
            topics: [{ topicId, partitions }],
            maxWaitTime: MAX_WAIT_MS,
            minBytes: 1,
            maxBytes: FETCH_BYTES,
            isolationLevel: FetchIsolationLevels.READ_COMMITTED,
          })
          .catch((error: unknown) => outOfRangeIn(error, topic)),
      );
      if (Array.isArray(response)) return fromStart(response, request);
      return partitionsIn(response)
        .filter(({ partitionIndex }) => positions.has(partitionIndex))
        .map((found) => {
          const from = positions.get(found.partitionIndex) as ReadPosition;
          return truncated(found, from, log) ?? read(topic, found, from);
        });
    },
    close: kept.close,
  };
}

async function findLeaders(consumer: Consumer, topic: string, forceUpdate: boolean) {
  const look = consumer.metadata({ topics: [topic], forceUpdate });
  const { topics, brokers } = await look.catch(goneIfUnknown(topic));
  const partitions = topics.get(topic)?.partitions ?? [];
  const leaders = new Map(
    partitions
      .map(({ leader }, partition): [number, number] => [partition, leader])
      .filter(([, leader]) => brokers.has(leader)),
  );
  return { leaders, complete: leaders.size > 0 && leaders.size === partitions.length };
}

function partitionsIn(response: FetchResponse): FetchedPartition[] {
  return response.responses.flatMap(({ partitions }) => partitions);
}

/** The messages from a position on. Batches begin before it when it lies within one. */
function read(topic: string, found: FetchedPartition, from: ReadPosition): Fetched {
  const { partitionIndex: partition } = found;
  const messages: Fetched['messages'] = [];
  let next = from;
  for (const batch of found.records ?? []) {
    const { partitionLeaderEpoch: leaderEpoch } = batch;
    const records = (batch.attributes & CONTROL_BATCH) === 0 ? batch.records : [];
    for (const record of records) {
      const message = messageOf(topic, partition, batch, record);
      if (message.offset >= from.offset) messages.push({ message, leaderEpoch });
    }
    // Not the last message: compaction may have removed what stood behind it.
    const offset = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
    if (offset > next.offset) next = { offset, leaderEpoch };
  }
  return { partition, messages, next };
}

function messageOf(
  topic: string,
  partition: number,
  batch: RecordsBatch,
  record: RecordsBatch['records'][0],
): IncomingMessage {
  return {
    topic,
    partition,
    key: record.key,
    value: record.value,
    offset: batch.firstOffset + BigInt(record.offsetDelta),
    headers: Object.fromEntries(
      record.headers.map(([name, value]) => [String(name ?? ''), value ?? Buffer.alloc(0)]),
    ),
    timestamp: new Date(Number(batch.firstTimestamp + record.timestampDelta)),
  };
}

/**
 * The leader's log ends below our position: it lost what we have read already, and what it takes
 * now gets the same offsets once more. Reading goes on where both logs are still the same.
 */
function truncated(
  { partitionIndex: partition, divergingEpoch }: FetchedPartition,
  from: ReadPosition,
  log: Logger,
): Fetched | null {
  const offset = divergingEpoch?.endOffset ?? -1n;
  if (divergingEpoch === undefined || offset < 0n || offset >= from.offset) return null;
  log.error({ partition, from: from.offset, to: offset }, 'the broker lost messages');
  return { partition, messages: [], next: { offset, leaderEpoch: divergingEpoch.epoch } };
}

/** The partitions whose position is outside of what they have. @throws any other error */
function outOfRangeIn(error: unknown, topic: string): number[] {
  for (const id of ['UNKNOWN_TOPIC_ID', 'UNKNOWN_TOPIC_OR_PARTITION', 'INCONSISTENT_TOPIC_ID']) {
    if (findErrorBy(error as Error, 'apiId', id) !== null) throw new TopicGoneError(topic, error);
  }
  const { response } = error as { response?: FetchResponse };
  const outside = (response === undefined ? [] : partitionsIn(response)).filter(
    ({ errorCode }) => errorCode === protocolErrors.OFFSET_OUT_OF_RANGE?.code,
  );
  if (outside.length === 0) return goneIfUnknown(topic)(error);
  return outside.map(({ partitionIndex }) => partitionIndex);
}

/** The library's own error for it carries no code. */
function goneIfUnknown(topic: string): (error: unknown) => never {
  return (error) => {
    if ((error as Error).message !== `Unknown topic ${topic}.`) throw error;
    throw new TopicGoneError(topic, error);
  };
}
