import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { backoffMs, pause } from '../../async/backoff.ts';
import { type Batcher, createBatcher } from '../../async/batcher.ts';
import { createWakeup } from '../../async/wakeup.ts';
import type { Database } from '../../postgres/database.ts';
import type { IncomingMessage, MessageHandler } from '../port/broker.ts';
import * as groups from './group-store.ts';
import * as store from './store.ts';
import type { Topics } from './topics.ts';

// Bound one statement's time and what is in memory. Messages and bytes are those of a partition: a
// fetch stops after the message that reaches the bytes, so one above them is delivered all the same.
const FETCH_MESSAGES = 200;
const FETCH_BYTES = 4 * 1024 * 1024;
const FETCH_PARTITIONS = 8;
// Each partition commits once at a time, and a member has no more of them.
const COMMITS_MAX = 10_000;
const BACKOFF = { firstMs: 100, maxMs: 5_000 };
// When closing, nobody waits for a database that is gone: the leases run out by themselves.
const CLOSE_ATTEMPTS = 3;

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

/** A partition leased to us. */
interface Held {
  position: bigint;
  /** Of its handler, one after the other. */
  failures: number;
  /** Above our fair share: given up as soon as the running handler is done. */
  leaving: boolean;
}

/** A partition that has messages for us, up to `end` at least. */
interface Due {
  partition: number;
  held: Held;
  end: bigint;
}

/** What we are in the group, until the topic is made anew. */
interface Joined {
  reader: store.Reader;
  /** False when the lease was lost. Partitions that commit at the same time share a statement. */
  commit: Batcher<{ partition: number; position: bigint }, boolean>;
}

/**
 * One member of a group. A loop surveys the group's partitions, takes and gives up leases, and
 * fetches for the held partitions that have messages, all in one statement. Each partition is
 * handled by itself, side by side with the others: one that hangs or fails does not stop them. A
 * second loop is the heartbeat, which goes on while handlers run.
 */
export class EmbeddedSubscription {
  readonly #options: SubscriptionOptions;
  readonly #member = randomUUID();
  readonly #wakeup = createWakeup();
  readonly #closing = new AbortController();
  readonly #beatStop = new AbortController();
  readonly #held = new Map<number, Held>();
  // Outlives `#held`: a lost lease does not stop the handler that is running, and until it ends
  // this member must not handle the same partition a second time.
  readonly #drains = new Map<number, Promise<void>>();
  readonly #loop: Promise<void>;
  readonly #beat: Promise<void>;
  #joined: Joined | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#loop = this.#run();
    this.#beat = this.#heartbeat();
  }

  get topicName(): string {
    return this.#options.topic;
  }

  /** Looks for messages now. */
  wake(): void {
    this.#wakeup.notify();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#wakeup.notify();
    await this.#loop;
    await Promise.all(this.#drains.values());
    this.#beatStop.abort();
    await this.#beat;
    const reader = this.#joined?.reader;
    if (reader === undefined) return;
    // Others take over at their next poll instead of when our leases have run out.
    await this.#persist('leave', () => groups.leaveGroup(this.#options.database, reader));
  }

  async #run(): Promise<void> {
    const { pollMs, log } = this.#options;
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#tick();
        failures = 0;
        await this.#wakeup.wait(pollMs);
      } catch (error) {
        log.warn({ err: error }, 'could not poll, trying again');
        await pause(backoffMs(++failures, BACKOFF), this.#closing.signal);
      }
    }
  }

  async #tick(): Promise<void> {
    const { database, topics, topic } = this.#options;
    this.#joined ??= await this.#join();
    const joined = this.#joined;
    const { reader } = joined;
    const rows = await groups.surveyGroup(database, reader);
    if (rows.length === 0) {
      // The topic was removed: it is made anew by the next join.
      topics.forget(topic);
      this.#joined = undefined;
      return;
    }
    // The database decides what we hold; a readGroupState that is out of date is harmless, because
    // fetching and committing are fenced, and the next one corrects it.
    for (const { partition, mine, position } of rows) {
      if (!mine) this.#held.delete(partition);
      else if (!this.#held.has(partition) && !this.#drains.has(partition)) {
        this.#held.set(partition, { position, failures: 0, leaving: false });
      }
    }
    await this.#balance(reader, rows);
    if (this.#closing.signal.aborted) return;
    const due = rows.flatMap(({ partition, end }) => {
      const held = this.#held.get(partition);
      if (held === undefined || held.leaving || this.#drains.has(partition)) return [];
      return held.position < end ? [{ partition, held, end }] : [];
    });
    for (let from = 0; from < due.length; from += FETCH_PARTITIONS) {
      this.#startRound(joined, due.slice(from, from + FETCH_PARTITIONS));
    }
  }

  /** Handles the next messages of some partitions: fetched together, then each by itself. */
  #startRound(joined: Joined, due: Due[]): void {
    const { database } = this.#options;
    const positions = new Map(due.map(({ partition, held }) => [partition, held.position]));
    const limits = { messagesMax: FETCH_MESSAGES, bytesMax: FETCH_BYTES };
    const fetched = store.fetchMessages(database, joined.reader, { positions, ...limits });
    for (const each of due) {
      const drain = this.#drain(joined, each, fetched).then((more) => {
        this.#drains.delete(each.partition);
        if (more || each.held.leaving) this.#wakeup.notify();
      });
      this.#drains.set(each.partition, drain);
    }
  }

  async #join(): Promise<Joined> {
    const { database, topics, topic, group, leaseMs } = this.#options;
    const reader = { topic: await topics.get(topic), group, member: this.#member };
    await groups.insertPositions(database, reader);
    await groups.deleteDeadMembers(database, reader);
    await groups.renewLeases(database, reader, leaseMs);
    const commit: Joined['commit'] = createBatcher({
      async run(commits) {
        const asked = new Map(commits.map(({ partition, position }) => [partition, position]));
        const moved = await groups.commitPositions(database, reader, asked);
        return commits.map(({ partition }) => moved.has(partition));
      },
      // Each says again what it wants, until it is heard.
      isItemError: () => false,
      batchMax: COMMITS_MAX,
      maxConcurrency: 1,
      waitingMax: COMMITS_MAX,
      coalescePerTick: true,
    });
    return { reader, commit };
  }

  /** Gives up what is above our share of the partitions, or takes what nobody holds. */
  async #balance(reader: store.Reader, rows: groups.SurveyRow[]): Promise<void> {
    const { database, leaseMs } = this.#options;
    const share = Math.ceil(rows.length / Math.max(1, rows[0]?.members ?? 1));
    const kept = [...this.#held.keys()].sort((a, b) => a - b).slice(0, share);
    for (const [partition, held] of this.#held) held.leaving = !kept.includes(partition);
    const idle = [...this.#held.keys()].filter(
      (partition) => !kept.includes(partition) && !this.#drains.has(partition),
    );
    if (idle.length > 0) {
      for (const partition of idle) this.#held.delete(partition);
      await groups.releasePartitions(database, reader, idle);
    }
    if (kept.length === share || !rows.some(({ free }) => free)) return;
    const limit = share - kept.length;
    const claim = { limit, except: [...this.#drains.keys()], leaseMs };
    for (const [partition, position] of await groups.claimPartitions(database, reader, claim)) {
      this.#held.set(partition, { position, failures: 0, leaving: false });
    }
  }

  /**
   * Handles what was fetched of one partition, and moves the group's position behind it.
   * @returns whether it is worth looking for more of it at once
   */
  async #drain(
    { commit }: Joined,
    { partition, held, end }: Due,
    fetched: Promise<Map<number, IncomingMessage[]>>,
  ): Promise<boolean> {
    const { handler, log } = this.#options;
    try {
      const messages = (await fetched).get(partition) ?? [];
      const last = messages.at(-1);
      if (last !== undefined) await handler(messages);
      held.failures = 0;
      // Nothing below an end that was committed before we looked: retention deleted it, and a
      // position that stayed behind would be looked at for ever.
      const next = last === undefined ? end : last.offset + 1n;
      const kept = await this.#persist('commit', () => commit({ partition, position: next }));
      if (kept !== true) {
        if (this.#held.get(partition) === held) this.#held.delete(partition);
        log.warn({ partition }, 'lost the lease, the messages are delivered again');
        return false;
      }
      held.position = next;
      return next < end || messages.length === FETCH_MESSAGES;
    } catch (error) {
      const { position } = held;
      log.warn({ err: error, partition, position }, 'not handled, trying again');
      await pause(backoffMs(++held.failures, BACKOFF), this.#closing.signal);
      return true;
    }
  }

  /** Repeats a statement until it succeeds; when closing, a few times only. */
  async #persist<T>(what: string, statement: () => Promise<T>): Promise<T | undefined> {
    for (let failures = 1; ; failures++) {
      try {
        return await statement();
      } catch (error) {
        this.#options.log.warn({ err: error }, `could not ${what}, trying again`);
        const closing = this.#closing.signal.aborted;
        if (closing && failures >= CLOSE_ATTEMPTS) return undefined;
        await pause(
          backoffMs(failures, BACKOFF),
          closing ? this.#beatStop.signal : this.#closing.signal,
        );
      }
    }
  }

  async #heartbeat(): Promise<void> {
    const { database, leaseMs, log } = this.#options;
    // Two beats may fail before the lease is lost.
    const intervalMs = leaseMs / 3;
    let failures = 0;
    while (!this.#beatStop.signal.aborted) {
      const waitMs =
        failures === 0 ? intervalMs : Math.min(intervalMs, backoffMs(failures, BACKOFF));
      await pause(waitMs, this.#beatStop.signal);
      if (this.#joined === undefined || this.#beatStop.signal.aborted) continue;
      try {
        await groups.renewLeases(database, this.#joined.reader, leaseMs);
        failures = 0;
      } catch (error) {
        failures++;
        log.warn({ err: error }, 'could not renew the leases, trying again');
      }
    }
  }
}
