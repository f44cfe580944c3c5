import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { backoffMs, pause } from '../backoff.ts';
import { createBell } from '../bell.ts';
import type { Database } from '../database.ts';
import type { MessageHandler } from './broker.ts';
import * as groups from './embedded-group-store.ts';
import * as store from './embedded-store.ts';
import type { Topics } from './embedded-topics.ts';

// Bounds one statement's time and one partition's messages in memory. A fetch stops after the
// message that reaches the bytes, so one above them is delivered all the same.
const FETCH_MESSAGES = 500;
const FETCH_BYTES = 4 * 1024 * 1024;
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
  /** Above our fair share: given up as soon as the running handler is done. */
  leaving: boolean;
}

/**
 * One member of a group. A loop surveys the group's partitions, takes and gives up leases, and
 * starts a drain for each held partition that has messages; drains of different partitions run
 * side by side. A second loop is the heartbeat, which goes on while handlers run.
 */
export class EmbeddedSubscription {
  readonly #options: SubscriptionOptions;
  readonly #member = randomUUID();
  readonly #bell = createBell();
  readonly #closing = new AbortController();
  readonly #beatStop = new AbortController();
  readonly #held = new Map<number, Held>();
  // Outlives `#held`: a lost lease does not stop the handler that is running, and until it ends
  // this member must not handle the same partition a second time.
  readonly #drains = new Map<number, Promise<void>>();
  readonly #loop: Promise<void>;
  readonly #beat: Promise<void>;
  #reader: store.Reader | undefined;
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
    this.#bell.ring();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#bell.ring();
    await this.#loop;
    await Promise.all(this.#drains.values());
    this.#beatStop.abort();
    await this.#beat;
    const reader = this.#reader;
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
        await this.#bell.wait(pollMs);
      } catch (error) {
        log.warn({ err: error }, 'could not poll, trying again');
        await pause(backoffMs(++failures, BACKOFF), this.#closing.signal);
      }
    }
  }

  async #tick(): Promise<void> {
    const { database, topics, topic } = this.#options;
    this.#reader ??= await this.#join();
    const reader = this.#reader;
    const rows = await groups.surveyGroup(database, reader);
    if (rows.length === 0) {
      // The topic was removed: it is made anew by the next join.
      topics.forget(topic);
      this.#reader = undefined;
      return;
    }
    // The database decides what we hold; a survey that is out of date is harmless, because
    // fetching and committing are fenced, and the next one corrects it.
    for (const { partition, mine, position } of rows) {
      if (!mine) this.#held.delete(partition);
      else if (!this.#held.has(partition) && !this.#drains.has(partition)) {
        this.#held.set(partition, { position, leaving: false });
      }
    }
    await this.#balance(reader, rows);
    for (const { partition, end } of rows) {
      const held = this.#held.get(partition);
      if (held === undefined || held.leaving || this.#drains.has(partition)) continue;
      if (held.position >= end || this.#closing.signal.aborted) continue;
      const drain = this.#drain(reader, partition, held, end).then(() => {
        this.#drains.delete(partition);
        this.#bell.ring();
      });
      this.#drains.set(partition, drain);
    }
  }

  async #join(): Promise<store.Reader> {
    const { database, topics, topic, group, leaseMs } = this.#options;
    const reader = { topic: await topics.get(topic), group, member: this.#member };
    await groups.insertPositions(database, reader);
    await groups.deleteDeadMembers(database, reader);
    await groups.renewLeases(database, reader, leaseMs);
    return reader;
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
      this.#held.set(partition, { position, leaving: false });
    }
  }

  /** Handles a partition from our position on, strictly in order, until it has no more. */
  async #drain(reader: store.Reader, partition: number, held: Held, end: bigint): Promise<void> {
    const { database, handler, log } = this.#options;
    let failures = 0;
    // A lost lease has taken our entry away, or put another one into its place.
    const mayGoOn = () =>
      !this.#closing.signal.aborted && !held.leaving && this.#held.get(partition) === held;
    while (mayGoOn()) {
      try {
        const messages = await store.fetchMessages(database, reader, {
          ...{ partition, position: held.position },
          ...{ messagesMax: FETCH_MESSAGES, bytesMax: FETCH_BYTES },
        });
        const last = messages.at(-1);
        if (last !== undefined) await handler(messages);
        // Nothing below an end that was committed before we looked: retention deleted it, and a
        // position that stayed behind would be looked at for ever.
        const next = last === undefined ? end : last.offset + 1n;
        if (next > held.position && !(await this.#commit(reader, partition, next))) {
          if (this.#held.get(partition) === held) this.#held.delete(partition);
          log.warn({ partition }, 'lost the lease, the messages are delivered again');
          return;
        }
        failures = 0;
        if (next > held.position) held.position = next;
        if (messages.length < FETCH_MESSAGES && held.position >= end) return;
      } catch (error) {
        const { position } = held;
        log.warn({ err: error, partition, position }, 'not handled, trying again');
        await pause(backoffMs(++failures, BACKOFF), this.#closing.signal);
      }
    }
  }

  async #commit(reader: store.Reader, partition: number, position: bigint): Promise<boolean> {
    const { database } = this.#options;
    const kept = await this.#persist('commit', () =>
      groups.commitPosition(database, reader, partition, position),
    );
    return kept === true;
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
      if (this.#reader === undefined || this.#beatStop.signal.aborted) continue;
      try {
        await groups.renewLeases(database, this.#reader, leaseMs);
        failures = 0;
      } catch (error) {
        failures++;
        log.warn({ err: error }, 'could not renew the leases, trying again');
      }
    }
  }
}
