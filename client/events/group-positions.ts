import type { Admin } from '@platformatic/kafka';
import {
  type Connection,
  clientOptions,
  disconnect,
  guarded,
  type KafkaLibrary,
} from './kafka-client.ts';
import type { ReadPosition } from './partition-worker.ts';
import { withTimeout } from './waiting.ts';

const REQUEST_TIMEOUT_MS = 3_000;
const READ_TIMEOUT_MS = 5_000;

/** What tells a topic from another one of the same name, and from itself with more partitions. */
export interface TopicState {
  id: string;
  partitions: number;
}

/** Reads the state of a topic, and the positions of a group in it. */
export class GroupPositions {
  readonly #kafka: KafkaLibrary;
  readonly #topic: string;
  readonly #groupId: string;
  readonly #admin: Admin;

  constructor(kafka: KafkaLibrary, connection: Connection, topic: string) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#groupId = connection.groupId;
    const options = clientOptions(connection, REQUEST_TIMEOUT_MS);
    // No cached metadata: the session asks for the present state.
    this.#admin = guarded(new kafka.Admin({ ...options, metadataMaxAge: 0 }), () => {});
  }

  /** @throws Error when there is no such topic */
  async topic(): Promise<TopicState> {
    const asked = this.#admin.metadata({ topics: [this.#topic], forceUpdate: true });
    const { topics } = await withTimeout(READ_TIMEOUT_MS, asked, 'metadata');
    const found = topics.get(this.#topic);
    if (found === undefined) throw new Error(`there is no topic ${this.#topic}`);
    return { id: found.id, partitions: found.partitionsCount };
  }

  /** The committed positions. Partitions without one are absent. */
  async committed(partitionIndexes: number[]): Promise<Map<number, ReadPosition>> {
    const asked = this.#admin.listConsumerGroupOffsets({
      groups: [{ groupId: this.#groupId, topics: [{ name: this.#topic, partitionIndexes }] }],
    });
    const groups = await withTimeout(READ_TIMEOUT_MS, asked, 'positions of the group');
    const positions = new Map<number, ReadPosition>();
    for (const each of groups.flatMap(({ topics }) => topics.flatMap((t) => t.partitions))) {
      // -1: never committed.
      if (each.committedOffset < 0n) continue;
      const { committedOffset: offset, committedLeaderEpoch: leaderEpoch } = each;
      positions.set(each.partitionIndex, { offset, leaderEpoch });
    }
    return positions;
  }

  /** The oldest available offsets, or those that the next messages get. */
  async offsets(which: 'EARLIEST' | 'LATEST', partitions: number[]): Promise<Map<number, bigint>> {
    const timestamp = this.#kafka.ListOffsetTimestamps[which];
    const asked = this.#admin.listOffsets({
      topics: [
        {
          name: this.#topic,
          partitions: partitions.map((partitionIndex) => ({ partitionIndex, timestamp })),
        },
      ],
      isolationLevel: this.#kafka.FetchIsolationLevels.READ_UNCOMMITTED,
    });
    const listed = await withTimeout(READ_TIMEOUT_MS, asked, 'offsets of the topic');
    const found = listed.flatMap((each) => each.partitions);
    return new Map(found.map(({ partitionIndex, offset }) => [partitionIndex, offset]));
  }

  close(): Promise<void> {
    return disconnect(this.#admin);
  }
}
