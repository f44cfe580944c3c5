import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { backoffMs, pause } from '#platform/backoff.ts';
import { type Database, isTransient, migrate } from '#platform/database.ts';
import { AppError, type ProblemType } from '#platform/errors.ts';
import type { Acknowledgement, Broker, MessageHandler, OutgoingMessage } from './broker.ts';
import * as store from './embedded-store.ts';

const MIGRATIONS = new URL('./embedded-migrations/', import.meta.url);

const PARTITIONS_PER_TOPIC = 6;
const POLL_MS = 100;
// Longer than any pause of a live process (garbage collection, a database restart); this is also
// how long the partitions of a killed process wait for their next owner.
const LEASE_MS = 10_000;
const RETENTION_MS = 7 * 24 * 60 * 60 * 1_000;
const RETENTION_INTERVAL_MS = 60_000;
// Short statements: a deletion must never keep a publisher waiting.
const RETENTION_BATCH = 1_000;
// Bounds one statement's time and one partition's messages in memory.
const PUBLISH_BATCH = 500;
const FETCH_BATCH = 500;
const BACKOFF = { firstMs: 100, maxMs: 5_000 };
// When closing, nobody waits for a database that is gone: the leases run out by themselves.
const CLOSE_ATTEMPTS = 3;

const brokerUnavailable: ProblemType = {
  code: 'broker-unavailable',
  kind: 'unavailable',
  ru: { title: 'Брокер недоступен', detail: 'Сообщение не принято. Повторите позже.' },
  en: { title: 'Broker unavailable', detail: 'The message was not accepted. Try again later.' },
};

export interface EmbeddedBrokerOptions {
  /** A database of the broker's own. The caller closes it, after the broker. */
  database: Database;
  log: Logger;
  /** For topics made from now on (default 6); an existing topic keeps its number. */
  partitionsPerTopic?: number;
  /** Longest time until a message that another instance published is noticed (default 100). */
  pollMs?: number;
  /** How long a silent member keeps its partitions (default 10 s). */
  leaseMs?: number;
  /** Messages that every group has handled are deleted at this age (default 7 days). */
  retentionMs?: number;
}

interface Topics {
  get(name: string): Promise<store.Topic>;
  forget(name: string): void;
}

/**
 * The broker without a broker: a log in PostgreSQL. Applies its migrations. Instances on the same
 * database, in this process or others, form one broker.
 */
export async function createEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<Broker> {
  const { database, log, pollMs = POLL_MS, leaseMs = LEASE_MS } = options;
  await migrate(database, MIGRATIONS);
  const topics = createTopics(database, options.partitionsPerTopic ?? PARTITIONS_PER_TOPIC);
  const subscriptions = new Set<EmbeddedSubscription>();
  const append = createAppender(database, topics);
  const retention = startRetention(database, options.retentionMs ?? RETENTION_MS, log);
  const publishing = new Set<Promise<unknown>>();
  let closed = false;

  async function publish(topic: string, messages: OutgoingMessage[]): Promise<Acknowledgement[]> {
    try {
      const acknowledgements = await append(topic, messages);
      // Own subscriptions learn it now, those of other instances by their poll.
      for (const each of subscriptions) if (each.topicName === topic) each.wake();
      return acknowledgements;
    } catch (error) {
      if (!isTransient(error)) throw error;
      throw unavailable(`could not publish to ${topic}`, error);
    }
  }

  return {
    publish(topic, messages) {
      if (closed) return Promise.reject(unavailable('the broker is closed'));
      const done = publish(topic, messages);
      const settled: Promise<unknown> = done
        .catch(() => undefined)
        .finally(() => publishing.delete(settled));
      publishing.add(settled);
      return done;
    },
    async subscribe(topic, group, handler) {
      if (closed) throw unavailable('the broker is closed');
      const subscription = new EmbeddedSubscription({
        ...{ database, topics, topic, group, handler, pollMs, leaseMs },
        log: log.child({ topic, group }),
      });
      subscriptions.add(subscription);
      return {
        async close() {
          await subscription.close();
          subscriptions.delete(subscription);
        },
      };
    },
    lag: (topic, group) => store.listLag(database, topic, group),
    async close() {
      closed = true;
      await Promise.all([...subscriptions].map((each) => each.close()));
      await Promise.all(publishing);
      await retention.close();
    },
  };
}

function unavailable(message: string, cause?: unknown): AppError {
  return new AppError(brokerUnavailable, message, { cause });
}

/** Finds topics, creating those that do not exist, and remembers them. */
function createTopics(database: Database, partitions: number): Topics {
  const known = new Map<string, store.Topic>();
  return {
    async get(name) {
      let topic = known.get(name) ?? (await store.findTopic(database, name));
      if (topic === undefined) {
        await store.insertTopic(database, name, partitions);
        topic = await store.findTopic(database, name);
      }
      if (topic === undefined) throw unavailable(`topic ${name} was removed meanwhile`);
      known.set(name, topic);
      return topic;
    },
    forget: (name) => known.delete(name),
  };
}

/** FNV-1a, 32 bits. Stored messages depend on it: another hash would break the order of a key. */
function hashKey(key: Buffer): number {
  let hash = 0x811c9dc5;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

type Encoded = Omit<store.AppendRow, 'partition' | 'rank'> & { key: Buffer };
interface Waiting extends PromiseWithResolvers<Acknowledgement[]> {
  messages: Encoded[];
}

/**
 * Publishes of one topic that come while a statement runs wait and share the next one: their
 * row locks would make them wait anyway, and one commit serves all. It also keeps the order of
 * publishes that the caller did not await one by one.
 */
function createAppender(database: Database, topics: Topics) {
  const queues = new Map<string, Waiting[]>();

  async function write(topicName: string, messages: Encoded[]): Promise<Acknowledgement[]> {
    // Twice, since a remembered topic may have been made anew by somebody.
    for (let attempt = 1; attempt <= 2; attempt++) {
      const topic = await topics.get(topicName);
      const counts = new Map<number, number>();
      const rows = messages.map((message) => {
        const partition = hashKey(message.key) % topic.partitions;
        const rank = counts.get(partition) ?? 0;
        counts.set(partition, rank + 1);
        return { ...message, partition, rank };
      });
      const firsts = await store.appendMessages(database, topic.number, rows);
      if (firsts.size === counts.size) {
        return rows.map(({ partition, rank }) => ({
          ...{ topicId: topic.id, partition },
          offset: (firsts.get(partition) as bigint) + BigInt(rank),
        }));
      }
      topics.forget(topicName);
    }
    throw unavailable(`topic ${topicName} was removed meanwhile`);
  }

  async function writeQueue(topic: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      let size = 0;
      const next = queue.findIndex(({ messages }) => {
        size += messages.length;
        return size > PUBLISH_BATCH;
      });
      const batch = queue.splice(0, next === -1 ? queue.length : next);
      try {
        const written = await write(
          topic,
          batch.flatMap(({ messages }) => messages),
        );
        for (const each of batch) each.resolve(written.splice(0, each.messages.length));
      } catch (error) {
        for (const each of batch) each.reject(error);
      }
    }
    queues.delete(topic);
  }

  return async (topic: string, messages: OutgoingMessage[]): Promise<Acknowledgement[]> => {
    const encoded = messages.map(({ key, value, headers }) => ({
      ...{ key: Buffer.from(key), value },
      headers: Object.entries(headers).map(([name, text]): [string, Buffer] => [
        name,
        Buffer.from(text),
      ]),
    }));
    const parts: Waiting[] = [];
    for (let from = 0; from < encoded.length; from += PUBLISH_BATCH) {
      const part = encoded.slice(from, from + PUBLISH_BATCH);
      parts.push({ messages: part, ...Promise.withResolvers<Acknowledgement[]>() });
    }
    if (parts.length === 0) return [];
    const queue = queues.get(topic);
    if (queue !== undefined) queue.push(...parts);
    else {
      const started = [...parts];
      queues.set(topic, started);
      void writeQueue(topic, started);
    }
    return (await Promise.all(parts.map(({ promise }) => promise))).flat();
  };
}

/** Deletes what is old and handled, now and each minute. Instances may do so side by side. */
function startRetention(database: Database, retentionMs: number, log: Logger) {
  const stop = new AbortController();
  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        while (
          (await store.deleteOldMessages(database, retentionMs, RETENTION_BATCH)) ===
            RETENTION_BATCH &&
          !stop.signal.aborted
        );
      } catch (error) {
        log.warn({ err: error }, 'could not delete old messages');
      }
      await pause(RETENTION_INTERVAL_MS, stop.signal);
    }
  }
  const running = run();
  return {
    close() {
      stop.abort();
      return running;
    },
  };
}

/** Wakes a waiting loop; a ring that nobody waits for counts for the next wait. */
function createBell() {
  let rung = false;
  let answer = () => {};
  return {
    ring() {
      rung = true;
      answer();
    },
    async wait(ms: number): Promise<void> {
      if (!rung) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, ms);
        answer = resolve;
        await promise;
        clearTimeout(timer);
      }
      rung = false;
    },
  };
}

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
class EmbeddedSubscription {
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
    await this.#persist('leave', () => store.leaveGroup(this.#options.database, reader));
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
    const rows = await store.surveyGroup(database, reader);
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
    await store.insertPositions(database, reader);
    await store.deleteDeadMembers(database, reader);
    await store.renewLeases(database, reader, leaseMs);
    return reader;
  }

  /** Gives up what is above our share of the partitions, or takes what nobody holds. */
  async #balance(reader: store.Reader, rows: store.SurveyRow[]): Promise<void> {
    const { database, leaseMs } = this.#options;
    const share = Math.ceil(rows.length / Math.max(1, rows[0]?.members ?? 1));
    const kept = [...this.#held.keys()].sort((a, b) => a - b).slice(0, share);
    for (const [partition, held] of this.#held) held.leaving = !kept.includes(partition);
    const idle = [...this.#held.keys()].filter(
      (partition) => !kept.includes(partition) && !this.#drains.has(partition),
    );
    if (idle.length > 0) {
      for (const partition of idle) this.#held.delete(partition);
      await store.releasePartitions(database, reader, idle);
    }
    if (kept.length === share || !rows.some(({ free }) => free)) return;
    const limit = share - kept.length;
    const claim = { limit, except: [...this.#drains.keys()], leaseMs };
    for (const [partition, position] of await store.claimPartitions(database, reader, claim)) {
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
        const from = { partition, position: held.position, limit: FETCH_BATCH };
        const messages = await store.fetchMessages(database, reader, from);
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
        if (messages.length < FETCH_BATCH) return;
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
      store.commitPosition(database, reader, partition, position),
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
        await store.renewLeases(database, this.#reader, leaseMs);
        failures = 0;
      } catch (error) {
        failures++;
        log.warn({ err: error }, 'could not renew the leases, trying again');
      }
    }
  }
}
