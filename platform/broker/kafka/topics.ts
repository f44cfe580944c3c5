import {
  Admin,
  FetchIsolationLevels,
  findErrorBy,
  ListOffsetTimestamps,
} from '@platformatic/kafka';
import { pause } from '../../async/backoff.ts';
import type { PartitionLag, TopicEndOffsets } from '../port/broker.ts';
import { clientOptions, type KafkaConnection, shareClient } from './client.ts';

const REQUEST_TIMEOUT_MS = 3_000;
// For several sequential requests. One of these and a publish still end before a stop times out.
const READ_TIMEOUT_MS = 4_000;
// Not every broker knows a new topic at once.
const CREATE_ATTEMPTS = 10;
const CREATE_PAUSE_MS = 50;

export interface KafkaTopic {
  /** Kafka's id: a recreated topic of the same name has another one. */
  id: string;
  partitions: number;
}

interface CommittedPosition {
  offset: bigint;
  /** Epoch of the leader that wrote the message before it; -1 when unknown. */
  leaderEpoch: number;
}

export type KafkaTopics = ReturnType<typeof createKafkaTopics>;

/**
 * Metadata of topics and groups; every method asks the cluster.
 * @param partitionsPerTopic for new topics; an existing topic keeps its number
 */
export function createKafkaTopics(connection: KafkaConnection, partitionsPerTopic: number) {
  const shared = shareClient(
    connection,
    // No cached metadata: callers need the current state.
    () => new Admin({ ...clientOptions(connection, REQUEST_TIMEOUT_MS), metadataMaxAge: 0 }),
  );
  const ask = <T>(topic: string, work: (admin: Admin) => Promise<T>, group?: string) =>
    shared.use(READ_TIMEOUT_MS, { topic, ...(group !== undefined && { group }) }, work);

  return {
    /** Finds a topic, or creates it with the configured number of partitions. */
    get: (name: string) => ask(name, (admin) => getTopic(admin, name, partitionsPerTopic)),
    /** End offsets of the topic; null when there is no such topic. */
    endOffsets: (name: string) =>
      ask(name, async (admin): Promise<TopicEndOffsets | null> => {
        const topic = await findTopic(admin, name);
        if (topic === null) return null;
        return { topicId: topic.id, endOffsets: await listOffsets(admin, name, topic, 'LATEST') };
      }),
    /** The oldest available offset of each partition. */
    startOffsets: (name: string) =>
      ask(name, async (admin): Promise<Map<number, bigint>> => {
        const topic = await findTopic(admin, name);
        return topic === null ? new Map() : listOffsets(admin, name, topic, 'EARLIEST');
      }),
    /** Committed positions of the group. Partitions without one are absent. */
    committed: (name: string, group: string, partitions: number[]) =>
      ask(name, (admin) => listCommitted(admin, name, group, partitions), group),
    lag: (name: string, group: string) =>
      ask(
        name,
        async (admin): Promise<PartitionLag[]> => {
          const topic = await findTopic(admin, name);
          if (topic === null) return [];
          const partitions = partitionsOf(topic);
          // In this order: a position that is read before the end is never beyond it.
          const positions = await listCommitted(admin, name, group, partitions);
          const starts = await listOffsets(admin, name, topic, 'EARLIEST');
          const ends = await listOffsets(admin, name, topic, 'LATEST');
          return partitions.map((partition) => ({
            partition,
            position: positions.get(partition)?.offset ?? starts.get(partition) ?? 0n,
            end: ends.get(partition) ?? 0n,
          }));
        },
        group,
      ),
    close: shared.close,
  };
}

async function getTopic(admin: Admin, name: string, partitions: number): Promise<KafkaTopic> {
  for (let attempt = 1; attempt <= CREATE_ATTEMPTS; attempt++) {
    const found = await findTopic(admin, name);
    if (found !== null) return found;
    try {
      // Replication is the cluster's default.
      await admin.createTopics({ topics: [name], partitions });
    } catch (error) {
      if (findErrorBy(error as Error, 'apiId', 'TOPIC_ALREADY_EXISTS') === null) throw error;
      await pause(CREATE_PAUSE_MS);
    }
  }
  throw new Error(`topic ${name} was created and cannot be found`);
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
