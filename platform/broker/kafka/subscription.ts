import type { Logger } from 'pino';
import { backoffMs, pause } from '../../async/backoff.ts';
import { createWakeup } from '../../async/wakeup.ts';
import { describeError } from '../../errors.ts';
import type { IncomingMessage, MessageHandler } from '../port/broker.ts';
import type { KafkaConnection } from './client.ts';
import { type Assignment, type Membership, startMembership } from './membership.ts';
import {
  createKafkaReader,
  type Fetched,
  type KafkaReader,
  type ReadPosition,
  TopicGoneError,
} from './reader.ts';
import type { KafkaTopics } from './topics.ts';

const HANDLE_MESSAGES = 500;
// Fetched and not handled yet, of all partitions together; each has its share, so that one whose
// handler rejects keeps none from the others. Within a fetch a partition may pass its share once.
const WAITING_BYTES = 32 * 1024 * 1024;
const SHARE_BYTES_MAX = 1024 * 1024;
const SHARE_BYTES_MIN = 64 * 1024;
const SHARE_MESSAGES = 2_000;
const BACKOFF = { firstMs: 100, maxMs: 5_000 };
const FETCH_BACKOFF = { firstMs: 100, maxMs: 2_000 };
// Everything that makes a fetch possible rings; this is for what nobody tells, such as a leader.
const LOOK_AGAIN_MS = 1_000;
const LOOK_FOR_LEADER_MS = 100;
// When closing, nobody waits for a broker that is gone: the messages come again.
const CLOSE_ATTEMPTS = 1;

export interface KafkaSubscriptionOptions {
  connection: KafkaConnection;
  topics: KafkaTopics;
  topic: string;
  group: string;
  handler: MessageHandler;
  log: Logger;
  sessionMs?: number;
  topicCheckMs?: number;
}

/** A partition as long as it is assigned to us. */
interface Held {
  /** What is fetched next. */
  fetchFrom: ReadPosition;
  /** Fetched, in order, not handled yet. */
  waiting: Fetched['messages'];
  waitingBytes: number;
}

/**
 * One member of a group. Fetches for its partitions as long as what waits is little, one request
 * per broker at a time, and starts a drain for each partition that has messages; drains of
 * different partitions run side by side. Invariant of the port: a position is committed after the
 * handler has resolved, never before.
 */
export class KafkaSubscription {
  readonly #options: KafkaSubscriptionOptions;
  readonly #wakeup = createWakeup();
  readonly #closing = new AbortController();
  readonly #reader: KafkaReader;
  readonly #membership: Membership;
  readonly #held = new Map<number, Held>();
  // Outlives `#held`: a lost partition does not stop the handler that is running, and until it
  // ends this member must not handle the same partition a second time.
  readonly #drains = new Map<number, Promise<void>>();
  readonly #fetches = new Map<number, Promise<void>>();
  readonly #loop: Promise<void>;
  #assignment: Assignment | null = null;
  #closed: Promise<void> | undefined;

  constructor(options: KafkaSubscriptionOptions) {
    this.#options = options;
    this.#reader = createKafkaReader(options);
    this.#membership = startMembership({
      ...options,
      onAssignment: (assignment) => {
        this.#assignment = assignment;
        // Also what we keep begins anew: what was committed is all that the group knows.
        this.#held.clear();
        if (assignment !== null) void this.#take(assignment);
      },
    });
    this.#loop = this.#run();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#wakeup.notify();
    await Promise.all(this.#drains.values());
    // After the last commit: who has left the group cannot commit.
    await Promise.all([this.#membership.close(), this.#reader.close()]);
    // Only now: what they ask a broker that hangs has failed with the reader.
    await Promise.all([this.#loop, ...this.#fetches.values()]);
  }

  /** Finds out where the group is in the partitions that we got. */
  async #take(assignment: Assignment): Promise<void> {
    const { topics, topic, group, log } = this.#options;
    const mayGoOn = () => this.#assignment === assignment && !this.#closing.signal.aborted;
    for (let failures = 1; mayGoOn(); failures++) {
      try {
        const committed = await topics.committed(topic, group, assignment.partitions);
        const starts =
          committed.size < assignment.partitions.length
            ? await topics.starts(topic)
            : new Map<number, bigint>();
        if (!mayGoOn()) return;
        for (const partition of assignment.partitions) {
          // A new group begins with the oldest message that there is.
          const start = { offset: starts.get(partition) ?? 0n, leaderEpoch: -1 };
          const fetchFrom = committed.get(partition) ?? start;
          this.#held.set(partition, { fetchFrom, waiting: [], waitingBytes: 0 });
        }
        this.#wakeup.notify();
        return;
      } catch (error) {
        log.warn({ failures }, `positions of the group: ${describeError(error)}`);
        await pause(backoffMs(failures, FETCH_BACKOFF), this.#closing.signal);
      }
    }
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      try {
        const complete = await this.#startFetches();
        failures = 0;
        await this.#wakeup.wait(complete ? LOOK_AGAIN_MS : LOOK_FOR_LEADER_MS);
      } catch (error) {
        this.#onFetchFault(error, ++failures);
        await pause(backoffMs(failures, FETCH_BACKOFF), this.#closing.signal);
      }
    }
  }

  /**
   * Asks each broker, unless it is asked already, for the partitions that have room.
   * @returns false when some partition has no leader at the moment
   */
  async #startFetches(): Promise<boolean> {
    const assignment = this.#assignment;
    if (assignment === null || this.#held.size === 0) return true;
    const share = this.#share();
    const leaders = await this.#reader.leaders();
    if (this.#assignment !== assignment || this.#closing.signal.aborted) return true;
    const wanted = new Map<number, Map<number, ReadPosition>>();
    for (const [partition, held] of this.#held) {
      const leader = leaders.get(partition);
      if (leader === undefined || this.#fetches.has(leader)) continue;
      if (held.waitingBytes >= share || held.waiting.length >= SHARE_MESSAGES) continue;
      const positions = wanted.get(leader) ?? new Map<number, ReadPosition>();
      wanted.set(leader, positions.set(partition, held.fetchFrom));
    }
    for (const [node, positions] of wanted) {
      const fetch = this.#fetch(node, assignment, positions).then(() => {
        this.#fetches.delete(node);
        this.#wakeup.notify();
      });
      this.#fetches.set(node, fetch);
    }
    return [...this.#held.keys()].every((partition) => leaders.has(partition));
  }

  #share(): number {
    const share = Math.floor(WAITING_BYTES / Math.max(1, this.#held.size));
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
        const held = this.#held.get(each.partition);
        // Where the leader has changed meanwhile, another answer may have come first.
        if (held === undefined || held.fetchFrom !== positions.get(each.partition)) continue;
        this.#keep(held, each, assignment);
      }
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#onFetchFault(error, 1);
      // Its node is not asked again meanwhile.
      await pause(backoffMs(1, FETCH_BACKOFF), this.#closing.signal);
    }
  }

  #onFetchFault(error: unknown, failures: number): void {
    const { log } = this.#options;
    if (error instanceof TopicGoneError) this.#membership.renew(error.message);
    log.warn({ failures }, `could not fetch, trying again: ${describeError(error)}`);
  }

  #keep(held: Held, { partition, messages, next }: Fetched, assignment: Assignment): void {
    held.fetchFrom = next;
    for (const each of messages) {
      held.waiting.push(each);
      held.waitingBytes += bytesOf(each.message);
    }
    if (held.waiting.length === 0 || this.#drains.has(partition)) return;
    this.#startDrain(partition, held, assignment);
  }

  #startDrain(partition: number, held: Held, assignment: Assignment): void {
    const drain = this.#drain(partition, held, assignment).then(() => {
      this.#drains.delete(partition);
      // The partition may have come back to us while the handler for its former stay was running.
      const again = this.#held.get(partition);
      const now = this.#assignment;
      if (again !== undefined && again.waiting.length > 0 && now !== null) {
        if (!this.#closing.signal.aborted) this.#startDrain(partition, again, now);
      }
      this.#wakeup.notify();
    });
    this.#drains.set(partition, drain);
  }

  /** Handles what waits, strictly in order, until there is no more or the partition is lost. */
  async #drain(partition: number, held: Held, assignment: Assignment): Promise<void> {
    const { handler, log } = this.#options;
    const mayGoOn = () => !this.#closing.signal.aborted && this.#held.get(partition) === held;
    let failures = 0;
    while (mayGoOn() && held.waiting.length > 0) {
      const batch = held.waiting.slice(0, HANDLE_MESSAGES);
      try {
        await handler(batch.map(({ message }) => message));
        failures = 0;
      } catch (error) {
        log.warn({ err: error, partition }, 'not handled, trying again');
        await pause(backoffMs(++failures, BACKOFF), this.#closing.signal);
        continue;
      }
      const last = batch[batch.length - 1] as (typeof batch)[0];
      if (!(await this.#commit(partition, held, assignment, last))) return;
      held.waiting.splice(0, batch.length);
      for (const { message } of batch) held.waitingBytes -= bytesOf(message);
      this.#wakeup.notify();
    }
  }

  /** @returns false when the partition was lost, or a stop does not wait any longer */
  async #commit(
    partition: number,
    held: Held,
    assignment: Assignment,
    { message, leaderEpoch }: Held['waiting'][0],
  ): Promise<boolean> {
    const { log } = this.#options;
    for (let failures = 1; this.#held.get(partition) === held; failures++) {
      try {
        await assignment.commit({ partition, offset: message.offset + 1n, leaderEpoch });
        return true;
      } catch (error) {
        log.warn({ partition, failures }, `could not commit: ${describeError(error)}`);
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
