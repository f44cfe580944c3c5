import {
  Consumer,
  FetchIsolationLevels,
  findErrorBy,
  protocolErrors,
  type RecordsBatch,
} from '@platformatic/kafka';
import type { Logger } from 'pino';
import type { IncomingMessage } from '../port/broker.ts';
import { clientOptions, shareClient } from './client.ts';
import type { MembershipOptions } from './membership.ts';

// How long a broker holds a fetch without new messages (long polling).
const MAX_WAIT_MS = 500;
const REQUEST_TIMEOUT_MS = 5_000;
const FETCH_TIMEOUT_MS = 8_000;
const FETCH_BYTES = 8 * 1024 * 1024;
// Attribute of a control batch: its records only mark the end of a transaction (KIP-98).
const CONTROL_BATCH = 0x20;

/** Where the next fetch starts. */
export interface ReadPosition {
  offset: bigint;
  /** Epoch of the leader that wrote the message before it, -1 when unknown. */
  leaderEpoch: number;
}

/** The fetched messages of one partition, possibly none. */
export interface Fetched {
  partition: number;
  /** Each with the epoch of the leader that wrote it. */
  messages: { message: IncomingMessage; leaderEpoch: number }[];
  next: ReadPosition;
}

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
type FetchedPartition = FetchResponse['responses'][0]['partitions'][0];

/** The topic was removed; another one may have its name. */
export class TopicGoneError extends Error {
  constructor(name: string, cause: unknown) {
    super(`topic ${name} is gone`, { cause });
    this.name = 'TopicGoneError';
  }
}

interface FetchRequest {
  /** The broker that leads all of the partitions. */
  node: number;
  topicId: string;
  positions: Map<number, ReadPosition>;
  /** Limit per partition; a larger message is returned alone. */
  bytesPerPartition: number;
}

export type KafkaReader = ReturnType<typeof createKafkaReader>;

/** Fetches from given positions of one topic; it is no member of the group. */
export function createKafkaReader(options: Omit<MembershipOptions, 'onAssignment'>) {
  const { connection, topics, topic, group, log } = options;
  const shared = shareClient(connection, () => {
    const consumer = new Consumer({
      ...clientOptions(connection, REQUEST_TIMEOUT_MS),
      groupId: group,
    });
    consumer.topics.track(topic);
    return consumer;
  });

  /**
   * The position is out of range: retention deleted unread messages, or the log lost its end.
   * Reading goes on from the oldest offset, since a duplicate is harmless.
   */
  async function fromStart(partitions: number[], request: FetchRequest): Promise<Fetched[]> {
    const starts = await topics.startOffsets(topic);
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
    /** The broker that leads each partition; a partition without a leader is absent. */
    leaders: () =>
      shared.use(REQUEST_TIMEOUT_MS, { topic, group }, async (consumer) => {
        const known = await findLeaders(consumer, topic, false);
        // A new topic, or a leader election: the cached metadata are incomplete.
        return known.complete ? known.leaders : (await findLeaders(consumer, topic, true)).leaders;
      }),
    /** @throws TopicGoneError, or any other Error, after which a retry may succeed */
    async fetch(request: FetchRequest): Promise<Fetched[]> {
      const { node, topicId, positions, bytesPerPartition } = request;
      const partitions = [...positions].map(([partition, { offset, leaderEpoch }]) => ({
        partition,
        fetchOffset: offset,
        partitionMaxBytes: bytesPerPartition,
        // The leader reports when its log diverges from what we have read (KIP-320).
        currentLeaderEpoch: -1,
        lastFetchedEpoch: leaderEpoch,
      }));
      const response = await shared.use(FETCH_TIMEOUT_MS, { topic, group }, (consumer) =>
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
    /** A pending fetch fails. */
    close: shared.close,
  };
}

async function findLeaders(consumer: Consumer, topic: string, forceUpdate: boolean) {
  const metadata = consumer.metadata({ topics: [topic], forceUpdate });
  const { topics, brokers } = await metadata.catch(goneIfUnknown(topic));
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

/** The messages from a position on. A batch that contains the position starts before it. */
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
    // Not that of the last message: compaction may have removed the ones after it.
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
 * Log truncation: the leader lost messages that we have read, and assigns their offsets a second
 * time. Reading goes on from the last offset that both logs share.
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

/** The partitions whose position is out of range. @throws any other error */
function outOfRangeIn(error: unknown, topic: string): number[] {
  for (const id of ['UNKNOWN_TOPIC_ID', 'UNKNOWN_TOPIC_OR_PARTITION', 'INCONSISTENT_TOPIC_ID']) {
    if (findErrorBy(error as Error, 'apiId', id) !== null) throw new TopicGoneError(topic, error);
  }
  const { response } = error as { response?: FetchResponse };
  const outOfRange = (response === undefined ? [] : partitionsIn(response)).filter(
    ({ errorCode }) => errorCode === protocolErrors.OFFSET_OUT_OF_RANGE?.code,
  );
  if (outOfRange.length === 0) return goneIfUnknown(topic)(error);
  return outOfRange.map(({ partitionIndex }) => partitionIndex);
}

/** Recognises an unknown topic by the error's text: the library gives this error no code. */
function goneIfUnknown(topic: string): (error: unknown) => never {
  return (error) => {
    if ((error as Error).message !== `Unknown topic ${topic}.`) throw error;
    throw new TopicGoneError(topic, error);
  };
}
