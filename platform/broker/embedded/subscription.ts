import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { backoffMs, pause } from '../../async/backoff.ts';
import { type Batcher, createBatcher } from '../../async/batcher.ts';
import { type Loop, startLoop } from '../../async/loop.ts';
import type { Database } from '../../postgres/database.ts';
import type { IncomingMessage, MessageHandler } from '../port/broker.ts';
import * as groups from './group-store.ts';
import * as store from './store.ts';
import type { Topics } from './topics.ts';

// Bound the duration of one statement and the memory. Messages and bytes count per partition: a
// fetch stops after the message that reaches the byte limit, so a larger message is delivered too.
const FETCH_MESSAGES = 200;
const FETCH_BYTES = 4 * 1024 * 1024;
const FETCH_PARTITIONS = 8;
// Each partition has one commit at a time, and a member owns fewer partitions.
const COMMITS_MAX = 10_000;
const BACKOFF = { firstMs: 100, maxMs: 5_000 };
// Closing does not wait for an unreachable database: the leases expire by themselves.
const CLOSE_ATTEMPTS = 3;
// Two heartbeats may fail before the lease is lost.
const HEARTBEATS_PER_LEASE = 3;

interface SubscriptionOptions {
  database: Database;
  topics: Topics;
  topic: string;
  group: string;
  handler: MessageHandler;
  pollMs: number;
  leaseMs: number;
  log: Logger;
}

/** A partition that this member leases. */
interface OwnedPartition {
  position: bigint;
  /** Consecutive failures of its handler. */
  failures: number;
  /** Above our fair share: released when the running handler has ended. */
  leaving: boolean;
}

/** An owned partition that has messages up to `end` at least. */
interface DuePartition {
  partition: number;
  owned: OwnedPartition;
  end: bigint;
}

/** Our membership of the group, until the topic is recreated. */
interface Member {
  reader: store.Reader;
  /** False when the lease was lost. Partitions that commit at the same time share a statement. */
  commit: Batcher<{ partition: number; position: bigint }, boolean>;
}

/**
 * One member of a group. A loop reads the group's state, claims and releases leases, and fetches
 * the messages of all due partitions in one statement. Each partition is consumed independently: a
 * handler that hangs or fails does not stop the others. A second loop sends the heartbeat while
 * handlers run.
 */
export class EmbeddedSubscription {
  readonly #options: SubscriptionOptions;
  readonly #memberId = randomUUID();
  readonly #closing = new AbortController();
  readonly #owned = new Map<number, OwnedPartition>();
  // Outlives `#owned`: a lost lease does not stop the running handler, and until it ends this
  // member must not consume the same partition a second time.
  readonly #consumers = new Map<number, Promise<void>>();
  readonly #loop: Loop;
  readonly #heartbeat: Loop;
  #member: Member | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: SubscriptionOptions) {
    const { log, pollMs, leaseMs } = options;
    this.#options = options;
    this.#loop = startLoop({
      name: 'poll of the log',
      log,
      retry: BACKOFF,
      round: async () => {
        await this.#poll();
        return pollMs;
      },
    });
    const heartbeatMs = leaseMs / HEARTBEATS_PER_LEASE;
    this.#heartbeat = startLoop({
      name: 'heartbeat',
      log,
      firstInMs: heartbeatMs,
      retry: { firstMs: BACKOFF.firstMs, maxMs: Math.min(heartbeatMs, BACKOFF.maxMs) },
      round: async () => {
        const reader = this.#member?.reader;
        if (reader !== undefined) await groups.renewLeases(options.database, reader, leaseMs);
        return heartbeatMs;
      },
    });
  }

  get topicName(): string {
    return this.#options.topic;
  }

  wake(): void {
    this.#loop.notify();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#loop.close();
    await Promise.all(this.#consumers.values());
    await this.#heartbeat.close();
    const reader = this.#member?.reader;
    if (reader === undefined) return;
    // The other members take over at their next poll, instead of when our leases expire.
    await this.#persist('leave', () => groups.leaveGroup(this.#options.database, reader));
  }

  async #poll(): Promise<void> {
    const { database, topics, topic } = this.#options;
    this.#member ??= await this.#join();
    const member = this.#member;
    const { reader } = member;
    const states = await groups.readGroupState(database, reader);
    if (states.length === 0) {
      // The topic was removed: the next join recreates it.
      topics.forget(topic);
      this.#member = undefined;
      return;
    }
    // The database decides what we own; an outdated state is harmless, because fetch and commit
    // check the lease, and the next poll corrects it.
    for (const { partition, mine, position } of states) {
      if (!mine) this.#owned.delete(partition);
      else if (!this.#owned.has(partition) && !this.#consumers.has(partition)) {
        this.#owned.set(partition, { position, failures: 0, leaving: false });
      }
    }
    await this.#rebalance(reader, states);
    if (this.#closing.signal.aborted) return;
    const due = states.flatMap(({ partition, end }) => {
      const owned = this.#owned.get(partition);
      if (owned === undefined || owned.leaving || this.#consumers.has(partition)) return [];
      return owned.position < end ? [{ partition, owned, end }] : [];
    });
    for (let from = 0; from < due.length; from += FETCH_PARTITIONS) {
      this.#consumeNext(member, due.slice(from, from + FETCH_PARTITIONS));
    }
  }

  /** Consumes the next messages of some partitions: fetched together, then handled separately. */
  #consumeNext(member: Member, due: DuePartition[]): void {
    const { database } = this.#options;
    const positions = new Map(due.map(({ partition, owned }) => [partition, owned.position]));
    const limits = { messagesMax: FETCH_MESSAGES, bytesMax: FETCH_BYTES };
    const fetched = store.fetchMessages(database, member.reader, { positions, ...limits });
    for (const each of due) {
      const consumer = this.#consume(member, each, fetched).then((more) => {
        this.#consumers.delete(each.partition);
        if (more || each.owned.leaving) this.#loop.notify();
      });
      this.#consumers.set(each.partition, consumer);
    }
  }

  async #join(): Promise<Member> {
    const { database, topics, topic, group, leaseMs } = this.#options;
    const reader = { topic: await topics.get(topic), group, member: this.#memberId };
    await groups.insertPositions(database, reader);
    await groups.deleteDeadMembers(database, reader);
    await groups.renewLeases(database, reader, leaseMs);
    const commit: Member['commit'] = createBatcher({
      async run(commits) {
        const asked = new Map(commits.map(({ partition, position }) => [partition, position]));
        const moved = await groups.commitPositions(database, reader, asked);
        return commits.map(({ partition }) => moved.has(partition));
      },
      batchMax: COMMITS_MAX,
      waitingMax: COMMITS_MAX,
    });
    return { reader, commit };
  }

  /** Releases partitions above our fair share, or claims free ones below it. */
  async #rebalance(reader: store.Reader, states: groups.PartitionState[]): Promise<void> {
    const { database, leaseMs } = this.#options;
    const share = Math.ceil(states.length / Math.max(1, states[0]?.members ?? 1));
    const kept = [...this.#owned.keys()].sort((a, b) => a - b).slice(0, share);
    for (const [partition, owned] of this.#owned) owned.leaving = !kept.includes(partition);
    const idle = [...this.#owned.keys()].filter(
      (partition) => !kept.includes(partition) && !this.#consumers.has(partition),
    );
    if (idle.length > 0) {
      for (const partition of idle) this.#owned.delete(partition);
      await groups.releasePartitions(database, reader, idle);
    }
    if (kept.length === share || !states.some(({ free }) => free)) return;
    const limit = share - kept.length;
    const claim = { limit, except: [...this.#consumers.keys()], leaseMs };
    for (const [partition, position] of await groups.claimPartitions(database, reader, claim)) {
      this.#owned.set(partition, { position, failures: 0, leaving: false });
    }
  }

  /**
   * Handles the fetched messages of one partition, and commits the position after them.
   * @returns whether to poll again at once
   */
  async #consume(
    { commit }: Member,
    { partition, owned, end }: DuePartition,
    fetched: Promise<Map<number, IncomingMessage[]>>,
  ): Promise<boolean> {
    const { handler, log } = this.#options;
    try {
      const messages = (await fetched).get(partition) ?? [];
      const last = messages.at(-1);
      if (last !== undefined) await handler(messages);
      owned.failures = 0;
      // No messages below an end that was committed before: retention deleted them. A position
      // that stayed behind them would be fetched again and again.
      const next = last === undefined ? end : last.offset + 1n;
      const kept = await this.#persist('commit', () => commit({ partition, position: next }));
      if (kept !== true) {
        if (this.#owned.get(partition) === owned) this.#owned.delete(partition);
        log.warn({ partition }, 'lost the lease, the messages are delivered again');
        return false;
      }
      owned.position = next;
      return next < end || messages.length === FETCH_MESSAGES;
    } catch (error) {
      const { position } = owned;
      log.warn({ err: error, partition, position }, 'not handled, trying again');
      await pause(backoffMs(++owned.failures, BACKOFF), this.#closing.signal);
      return true;
    }
  }

  /** Retries a statement until it succeeds; while closing, a few times only. */
  async #persist<T>(what: string, statement: () => Promise<T>): Promise<T | undefined> {
    for (let failures = 1; ; failures++) {
      try {
        return await statement();
      } catch (error) {
        this.#options.log.warn({ err: error }, `could not ${what}, trying again`);
        const closing = this.#closing.signal.aborted;
        if (closing && failures >= CLOSE_ATTEMPTS) return undefined;
        await pause(backoffMs(failures, BACKOFF), closing ? undefined : this.#closing.signal);
      }
    }
  }
}
