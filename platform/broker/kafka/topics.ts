import {
  Admin,
  FetchIsolationLevels,
  findErrorBy,
  ListOffsetTimestamps,
} from '@platformatic/kafka';
import { pause } from '../../async/backoff.ts';
import type { PartitionLag, TopicEnds } from '../port/broker.ts';
import { clientOptions, type KafkaConnection, keepClient } from './client.ts';

const REQUEST_TIMEOUT_MS = 3_000;
// Several requests, one after the other. With a publish after it, it fits into the time of a stop.
const LOOK_TIMEOUT_MS = 4_000;
// A topic that was just made is not known to every broker yet.
const CREATE_ATTEMPTS = 10;
const CREATE_PAUSE_MS = 50;

export interface KafkaTopic {
  /** Kafka's own id: a topic made anew under the same name has another one. */
  id: string;
  /** Number of its partitions. */
  partitions: number;
}

/** Where a group goes on reading one partition. */
export interface CommittedPosition {
  offset: bigint;
  /** Term of the partition's leader that wrote the last message before it; -1 when not known. */
  leaderEpoch: number;
}

/** What is known of topics and groups; every method asks the cluster. */
export interface KafkaTopics {
  /** Finds a topic, or makes it with the partitions that are set. */
  get(name: string): Promise<KafkaTopic>;
  /** The topic's ends; null when there is no such topic. */
  ends(name: string): Promise<TopicEnds | null>;
  /** The offset of the oldest message that each partition still has. */
  starts(name: string): Promise<Map<number, bigint>>;
  /** Positions that the group has committed. Partitions without one are absent. */
  committed(
    name: string,
    group: string,
    partitions: number[],
  ): Promise<Map<number, CommittedPosition>>;
  lag(name: string, group: string): Promise<PartitionLag[]>;
  close(): Promise<void>;
}

/** @param partitionsPerTopic for topics made from now on; an existing topic keeps its number */
export function createKafkaTopics(
  connection: KafkaConnection,
  partitionsPerTopic: number,
): KafkaTopics {
  const kept = keepClient(
    // No cached metadata: who asks here wants to know what is there now.
    () => new Admin({ ...clientOptions(connection, REQUEST_TIMEOUT_MS), metadataMaxAge: 0 }),
  );
  const ask = <T>(work: (admin: Admin) => Promise<T>) => kept.use(LOOK_TIMEOUT_MS, work);

  return {
    get: (name) => ask((admin) => getTopic(admin, name, partitionsPerTopic)),
    ends: (name) =>
      ask(async (admin) => {
        const topic = await findTopic(admin, name);
        if (topic === null) return null;
        return { topicId: topic.id, ends: await listOffsets(admin, name, topic, 'LATEST') };
      }),
    starts: (name) =>
      ask(async (admin) => {
        const topic = await findTopic(admin, name);
        return topic === null ? new Map() : listOffsets(admin, name, topic, 'EARLIEST');
      }),
    committed: (name, group, partitions) =>
      ask((admin) => listCommitted(admin, name, group, partitions)),
    lag: (name, group) =>
      ask(async (admin) => {
        const topic = await findTopic(admin, name);
        if (topic === null) return [];
        const partitions = partitionsOf(topic);
        // In this order: a position read before the end never lies beyond it.
        const positions = await listCommitted(admin, name, group, partitions);
        const starts = await listOffsets(admin, name, topic, 'EARLIEST');
        const ends = await listOffsets(admin, name, topic, 'LATEST');
        return partitions.map((partition) => ({
          partition,
          position: positions.get(partition)?.offset ?? starts.get(partition) ?? 0n,
          end: ends.get(partition) ?? 0n,
        }));
      }),
    close: kept.close,
  };
}

async function getTopic(admin: Admin, name: string, partitions: number): Promise<KafkaTopic> {
  for (let attempt = 1; attempt <= CREATE_ATTEMPTS; attempt++) {
    const found = await findTopic(admin, name);
    if (found !== null) return found;
    try {
      // Copies as the cluster is set to make them.
      await admin.createTopics({ topics: [name], partitions });
    } catch (error) {
      if (findErrorBy(error as Error, 'apiId', 'TOPIC_ALREADY_EXISTS') === null) throw error;
      await pause(CREATE_PAUSE_MS);
    }
  }
  throw new Error(`topic ${name} was made and is not there`);
}

async function findTopic(admin: Admin, name: string): Promise<KafkaTopic | null> {
  let metadata: Awaited<ReturnType<Admin['metadata']>>;
  try {
    metadata = await admin.metadata({ topics: [name], forceUpdate: true });
  } catch (error) {
    // The library's own error for it; it carries no code.
    if ((error as Error).message === `Unknown topic ${name}.`) return null;
    throw error;
  }
  const topic = metadata.topics.get(name);
  return topic === undefined ? null : { id: topic.id, partitions: topic.partitionsCount };
}

async function listOffsets(
  admin: Admin,
  name: string,
  topic: KafkaTopic,
  which: 'LATEST' | 'EARLIEST',
): Promise<Map<number, bigint>> {
  const timestamp = ListOffsetTimestamps[which];
  const partitions = partitionsOf(topic).map((partitionIndex) => ({ partitionIndex, timestamp }));
  const listed = await admin.listOffsets({
    topics: [{ name, partitions }],
    isolationLevel: FetchIsolationLevels.READ_UNCOMMITTED,
  });
  const found = listed.flatMap((each) => each.partitions);
  return new Map(found.map(({ partitionIndex, offset }) => [partitionIndex, offset]));
}

async function listCommitted(
  admin: Admin,
  name: string,
  groupId: string,
  partitionIndexes: number[],
): Promise<Map<number, CommittedPosition>> {
  const groups = await admin.listConsumerGroupOffsets({
    groups: [{ groupId, topics: [{ name, partitionIndexes }] }],
  });
  const listed = groups.flatMap(({ topics }) => topics.flatMap(({ partitions }) => partitions));
  return new Map(
    listed
      // -1: never committed.
      .filter(({ committedOffset }) => committedOffset >= 0n)
      .map(({ partitionIndex, committedOffset, committedLeaderEpoch }) => [
        partitionIndex,
        { offset: committedOffset, leaderEpoch: committedLeaderEpoch },
      ]),
  );
}

function partitionsOf({ partitions }: KafkaTopic): number[] {
  return Array.from({ length: partitions }, (_, partition) => partition);
}
