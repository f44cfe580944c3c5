import { backoffMs, pause } from '../../async/backoff.ts';
import { createFaultLog, type FaultLog } from '../../async/fault-log.ts';
import { type Loop, startLoop } from '../../async/loop.ts';
import { needsOperator } from '../../errors.ts';
import type { IncomingMessage, MessageHandler } from '../port/broker.ts';
import {
  type Assignment,
  type Membership,
  type MembershipOptions,
  startMembership,
} from './membership.ts';
import {
  createKafkaReader,
  type Fetched,
  type KafkaReader,
  type ReadPosition,
  TopicGoneError,
} from './reader.ts';

const HANDLE_MESSAGES = 500;
// Fetched and not handled yet, in all partitions. Each has a share, so that a partition whose
// handler rejects does not starve the others. A single fetch may exceed the share once.
const BUFFER_BYTES = 32 * 1024 * 1024;
const SHARE_BYTES_MAX = 1024 * 1024;
const SHARE_BYTES_MIN = 64 * 1024;
const SHARE_MESSAGES = 2_000;
const BACKOFF = { firstMs: 100, maxMs: 5_000 };
const FETCH_BACKOFF = { firstMs: 100, maxMs: 2_000 };
// Events that allow a fetch wake the loop; the poll covers silent changes, such as a new leader.
const POLL_MS = 1_000;
const POLL_WITHOUT_LEADER_MS = 100;
// Closing does not wait for an unreachable broker: the messages are delivered again.
const CLOSE_ATTEMPTS = 1;

type KafkaSubscriptionOptions = Omit<MembershipOptions, 'onAssignment'> & {
  handler: MessageHandler;
};

/** A partition while it is assigned to us. */
interface OwnedPartition {
  /** Where the next fetch starts. */
  fetchFrom: ReadPosition;
  /** Fetched, in order, not handled yet. */
  buffer: Fetched['messages'];
  bufferBytes: number;
}

/**
 * One member of a group. Fetches for the partitions that have room in their buffer, one request per
 * broker at a time, and consumes partitions concurrently. Invariant of the port: a position is
 * committed after the handler has resolved, never before.
 */
export class KafkaSubscription {
  readonly #options: KafkaSubscriptionOptions;
  readonly #closing = new AbortController();
  readonly #reader: KafkaReader;
  readonly #membership: Membership;
  readonly #owned = new Map<number, OwnedPartition>();
  // Outlives `#owned`: a lost partition does not stop the running handler, and until it ends this
  // member must not consume the same partition a second time.
  readonly #consumers = new Map<number, Promise<void>>();
  readonly #fetches = new Map<number, Promise<void>>();
  readonly #loop: Loop;
  readonly #report: FaultLog;
  #assignment: Assignment | null = null;
  #closed: Promise<void> | undefined;

  constructor(options: KafkaSubscriptionOptions) {
    this.#options = options;
    this.#report = createFaultLog(options);
    this.#reader = createKafkaReader(options);
    this.#membership = startMembership({
      ...options,
      onAssignment: (assignment) => {
        this.#assignment = assignment;
        // Partitions that we keep also restart at their committed positions.
        this.#owned.clear();
        if (assignment !== null) void this.#takeOver(assignment);
      },
    });
    this.#loop = startLoop({
      name: 'could not fetch, trying again',
      log: options.log,
      retry: FETCH_BACKOFF,
      round: async () => {
        try {
          return (await this.#startFetches()) ? POLL_MS : POLL_WITHOUT_LEADER_MS;
        } catch (error) {
          this.#rejoinIfGone(error);
          throw error;
        }
      },
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    const loopEnded = this.#loop.close();
    await Promise.all(this.#consumers.values());
    // After the last commit: a member that has left the group cannot commit.
    await Promise.all([this.#membership.close(), this.#reader.close()]);
    // Last: closing the reader fails their requests to a broker that hangs.
    await Promise.all([loopEnded, ...this.#fetches.values()]);
  }

  /** Reads the group's positions in the assigned partitions. */
  async #takeOver(assignment: Assignment): Promise<void> {
    const { topics, topic, group } = this.#options;
    const mayGoOn = () => this.#assignment === assignment && !this.#closing.signal.aborted;
    for (let failures = 1; mayGoOn(); failures++) {
      try {
        const committed = await topics.committed(topic, group, assignment.partitions);
        const starts =
          committed.size < assignment.partitions.length
            ? await topics.startOffsets(topic)
            : new Map<number, bigint>();
        if (!mayGoOn()) return;
        for (const partition of assignment.partitions) {
          // A new group starts with the oldest message.
          const start = { offset: starts.get(partition) ?? 0n, leaderEpoch: -1 };
          const fetchFrom = committed.get(partition) ?? start;
          this.#owned.set(partition, { fetchFrom, buffer: [], bufferBytes: 0 });
        }
        this.#loop.notify();
        return;
      } catch (error) {
        this.#report('positions of the group', error, { failures });
        await pause(backoffMs(failures, FETCH_BACKOFF), this.#closing.signal);
      }
    }
  }

  /**
   * Fetches from each broker without a pending fetch, for the partitions that have room.
   * @returns false when a partition has no leader at the moment
   */
  async #startFetches(): Promise<boolean> {
    const assignment = this.#assignment;
    if (assignment === null || this.#owned.size === 0) return true;
    const share = this.#share();
    const leaders = await this.#reader.leaders();
    if (this.#assignment !== assignment || this.#closing.signal.aborted) return true;
    const wanted = new Map<number, Map<number, ReadPosition>>();
    for (const [partition, owned] of this.#owned) {
      const leader = leaders.get(partition);
      if (leader === undefined || this.#fetches.has(leader)) continue;
      if (owned.bufferBytes >= share || owned.buffer.length >= SHARE_MESSAGES) continue;
      const positions = wanted.get(leader) ?? new Map<number, ReadPosition>();
      wanted.set(leader, positions.set(partition, owned.fetchFrom));
    }
    for (const [node, positions] of wanted) {
      const fetch = this.#fetch(node, assignment, positions).then(() => {
        this.#fetches.delete(node);
        this.#loop.notify();
      });
      this.#fetches.set(node, fetch);
    }
    return [...this.#owned.keys()].every((partition) => leaders.has(partition));
  }

  #share(): number {
    const share = Math.floor(BUFFER_BYTES / Math.max(1, this.#owned.size));
    return Math.min(SHARE_BYTES_MAX, Math.max(SHARE_BYTES_MIN, share));
  }

  async #fetch(
    node: number,
    assignment: Assignment,
    positions: Map<number, ReadPosition>,
  ): Promise<void> {
    try {
      const topicId = assignment.topic.id;
      const bytesPerPartition = this.#share();
      const request = { node, topicId, positions, bytesPerPartition };
      const fetched = await this.#reader.fetch(request);
      if (this.#assignment !== assignment) return;
      for (const each of fetched) {
        const owned = this.#owned.get(each.partition);
        // After a change of leader, the answer of the new one may have come first.
        if (owned === undefined || owned.fetchFrom !== positions.get(each.partition)) continue;
        this.#enqueue(owned, each, assignment);
      }
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#rejoinIfGone(error);
      this.#report('could not fetch, trying again', error);
      // The loop does not ask this broker in the meantime.
      const waitMs = needsOperator(error) ? FETCH_BACKOFF.maxMs : backoffMs(1, FETCH_BACKOFF);
      await pause(waitMs, this.#closing.signal);
    }
  }

  #rejoinIfGone(error: unknown): void {
    if (error instanceof TopicGoneError) this.#membership.rejoin(error.message);
  }

  #enqueue(
    owned: OwnedPartition,
    { partition, messages, next }: Fetched,
    assignment: Assignment,
  ): void {
    owned.fetchFrom = next;
    for (const each of messages) {
      owned.buffer.push(each);
      owned.bufferBytes += bytesOf(each.message);
    }
    if (owned.buffer.length === 0 || this.#consumers.has(partition)) return;
    this.#startConsumer(partition, owned, assignment);
  }

  #startConsumer(partition: number, owned: OwnedPartition, assignment: Assignment): void {
    const consumer = this.#consume(partition, owned, assignment).then(() => {
      this.#consumers.delete(partition);
      // The partition may be assigned to us again while the handler of its last assignment runs.
      const again = this.#owned.get(partition);
      const now = this.#assignment;
      if (again !== undefined && again.buffer.length > 0 && now !== null) {
        if (!this.#closing.signal.aborted) this.#startConsumer(partition, again, now);
      }
      this.#loop.notify();
    });
    this.#consumers.set(partition, consumer);
  }

  /** Handles the buffer in order, until it is empty or the partition is lost. */
  async #consume(partition: number, owned: OwnedPartition, assignment: Assignment): Promise<void> {
    const { handler } = this.#options;
    const mayGoOn = () => !this.#closing.signal.aborted && this.#owned.get(partition) === owned;
    let failures = 0;
    while (mayGoOn() && owned.buffer.length > 0) {
      const batch = owned.buffer.slice(0, HANDLE_MESSAGES);
      try {
        await handler(batch.map(({ message }) => message));
        failures = 0;
      } catch (error) {
        this.#report('not handled, trying again', error, { err: error, partition });
        await pause(backoffMs(++failures, BACKOFF), this.#closing.signal);
        continue;
      }
      const last = batch[batch.length - 1] as (typeof batch)[0];
      if (!(await this.#commit(partition, owned, assignment, last))) return;
      owned.buffer.splice(0, batch.length);
      for (const { message } of batch) owned.bufferBytes -= bytesOf(message);
      this.#loop.notify();
    }
  }

  /** @returns false when the partition was lost, or after the last attempt of a stop */
  async #commit(
    partition: number,
    owned: OwnedPartition,
    assignment: Assignment,
    { message, leaderEpoch }: OwnedPartition['buffer'][0],
  ): Promise<boolean> {
    for (let failures = 1; this.#owned.get(partition) === owned; failures++) {
      try {
        await assignment.commit({ partition, offset: message.offset + 1n, leaderEpoch });
        return true;
      } catch (error) {
        this.#report('could not commit', error, { partition, failures });
        const closing = this.#closing.signal.aborted;
        if (closing && failures >= CLOSE_ATTEMPTS) return false;
        await pause(backoffMs(failures, BACKOFF), closing ? undefined : this.#closing.signal);
      }
    }
    return false;
  }
}

function bytesOf({ key, value }: IncomingMessage): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}
