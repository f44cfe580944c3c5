import type { Consumer, RecordsBatch } from '@platformatic/kafka';
import type { ConsumedMessage } from './handle-event.ts';
import {
  type Connection,
  clientOptions,
  disconnect,
  guarded,
  type KafkaLibrary,
} from './kafka-client.ts';
import type { FetchedMessage, ReadPosition } from './partition-worker.ts';
import { withTimeout } from './waiting.ts';

// How long a broker holds a fetch without new messages (long polling).
const MAX_WAIT_MS = 500;
const REQUEST_TIMEOUT_MS = 5_000;
const FETCH_TIMEOUT_MS = 8_000;
const FETCH_BYTES = 8 * 1024 * 1024;
const BYTES_PER_PARTITION = 512 * 1024;
// Attribute of a control batch: its records only mark the end of a transaction (KIP-98).
const CONTROL_BATCH = 0x20;

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
type FetchedPartition = FetchResponse['responses'][0]['partitions'][0];

/** What one fetch got of a partition. */
export interface Fetched {
  partition: number;
  messages: FetchedMessage[];
  next: ReadPosition;
  /** The log does not go on from where we asked. */
  gap: 'out-of-range' | 'truncated' | null;
}

/**
 * Fetches from given positions of a topic, by a client that is no member of the group: a fetch that
 * waits would hold up heartbeats on the same connection.
 */
export class TopicReader {
  readonly #kafka: KafkaLibrary;
  readonly #topic: string;
  readonly #client: Consumer;

  constructor(kafka: KafkaLibrary, connection: Connection, topic: string) {
    this.#kafka = kafka;
    this.#topic = topic;
    const options = clientOptions(connection, REQUEST_TIMEOUT_MS);
    const client = new kafka.Consumer({ ...options, groupId: connection.groupId });
    // The request that the connection carried fails too.
    this.#client = guarded(client, () => {});
    this.#client.topics.track(topic);
  }

  /** The partitions that each broker leads. A partition without a leader is absent. */
  async leaders(): Promise<Map<number, number[]>> {
    const topics = [this.#topic];
    const asked = this.#client.metadata({ topics, forceUpdate: false });
    const metadata = await withTimeout(REQUEST_TIMEOUT_MS, asked, 'metadata');
    const led = new Map<number, number[]>();
    const partitions = metadata.topics.get(this.#topic)?.partitions ?? [];
    partitions.forEach(({ leader }, partition) => {
      if (metadata.brokers.has(leader)) {
        led.set(leader, [...(led.get(leader) ?? []), partition]);
      }
    });
    return led;
  }

  /** @throws Error after which another client may succeed */
  async fetch(
    node: number,
    topicId: string,
    positions: Map<number, ReadPosition>,
  ): Promise<Fetched[]> {
    const partitions = [...positions].map(([partition, { offset, leaderEpoch }]) => ({
      partition,
      fetchOffset: offset,
      partitionMaxBytes: BYTES_PER_PARTITION,
      currentLeaderEpoch: -1,
      // The leader reports where its log parts from what we have read (KIP-320).
      lastFetchedEpoch: leaderEpoch,
    }));
    const fetching = this.#client.fetch({
      node,
      topics: [{ topicId, partitions }],
      maxWaitTime: MAX_WAIT_MS,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      isolationLevel: this.#kafka.FetchIsolationLevels.READ_COMMITTED,
    });
    const got = await withTimeout(FETCH_TIMEOUT_MS, fetching, 'a fetch').catch((error: unknown) =>
      this.#outOfRange(error),
    );
    return partitionsOf(got).flatMap((found) => {
      const from = positions.get(found.partitionIndex);
      return from === undefined ? [] : [this.#read(found, from)];
    });
  }

  /** @returns the answer with the partitions whose position is out of range. @throws other errors */
  #outOfRange(error: unknown): FetchResponse {
    const { response } = error as { response?: FetchResponse };
    if (response?.responses === undefined) throw error;
    const isOut = ({ errorCode }: FetchedPartition) =>
      errorCode === this.#kafka.protocolErrors.OFFSET_OUT_OF_RANGE?.code;
    const responses = response.responses.map((topic) => ({
      ...topic,
      partitions: topic.partitions.filter(isOut),
    }));
    if (partitionsOf({ ...response, responses }).length === 0) throw error;
    return { ...response, responses };
  }

  #read(found: FetchedPartition, from: ReadPosition): Fetched {
    const { partitionIndex: partition, errorCode, divergingEpoch } = found;
    const nothing = { partition, messages: [] };
    if (errorCode !== 0) return { ...nothing, next: from, gap: 'out-of-range' };
    const end = divergingEpoch?.endOffset ?? -1n;
    if (divergingEpoch !== undefined && end >= 0n && end < from.offset) {
      const next = { offset: end, leaderEpoch: divergingEpoch.epoch };
      return { ...nothing, next, gap: 'truncated' };
    }
    const messages: FetchedMessage[] = [];
    let next = from;
    for (const batch of found.records ?? []) {
      const { partitionLeaderEpoch: leaderEpoch } = batch;
      const records = (batch.attributes & CONTROL_BATCH) === 0 ? batch.records : [];
      for (const record of records) {
        const message = messageOf(this.#topic, partition, batch, record);
        // A batch that contains the position begins before it.
        if (message.offset >= from.offset) messages.push({ message, leaderEpoch });
      }
      // Not that of the last message: compaction may have removed the ones after it.
      const offset = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
      if (offset > next.offset) next = { offset, leaderEpoch };
    }
    return { partition, messages, next, gap: null };
  }

  close(): Promise<void> {
    return disconnect(this.#client);
  }
}

const partitionsOf = ({ responses }: FetchResponse): FetchedPartition[] =>
  responses.flatMap(({ partitions }) => partitions);

function messageOf(
  topic: string,
  partition: number,
  batch: RecordsBatch,
  record: RecordsBatch['records'][0],
): ConsumedMessage {
  return {
    topic,
    partition,
    offset: batch.firstOffset + BigInt(record.offsetDelta),
    key: record.key,
    value: record.value,
    headers: new Map(
      record.headers.map(([name, value]) => [String(name ?? ''), value ?? Buffer.alloc(0)]),
    ),
  };
}
