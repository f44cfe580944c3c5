import type { Consumer, ConsumerGroupJoinPayload } from '@platformatic/kafka';
import { GroupPositions, type TopicState } from './group-positions.ts';
import type { HandleMessage } from './handle-event.ts';
import {
  type Connection,
  clientOptions,
  disconnect,
  guarded,
  type KafkaLibrary,
} from './kafka-client.ts';
import { PartitionWorker, type ReadPosition } from './partition-worker.ts';
import { type Fetched, TopicReader } from './topic-reader.ts';
import { backoffMs, createWakeup, pause, withTimeout } from './waiting.ts';

const REBALANCE_TIMEOUT_MS = 10_000;
const HEARTBEATS_PER_SESSION = 10;
const COMMIT_TIMEOUT_MS = 3_000;
// Then the session ends, and the member joins again.
const COMMIT_FAILURES_MAX = 5;
const BACKOFF = { firstMs: 100, maxMs: 2_000 };
// Kafka does not notify a group when its topic gets partitions, or is made again.
const TOPIC_CHECK_MS = 10_000;
// Events wake the loops; the poll covers silent changes, such as a new leader.
const POLL_MS = 1_000;

export interface SessionSettings extends Connection {
  topic: string;
  fromBeginning?: boolean;
  sessionTimeoutMs: number;
  handle: HandleMessage;
  onFault: (error: Error) => void;
  /** Gets what ends the consumer, not only this session. */
  onFailure: (error: unknown) => void;
  stop: AbortSignal;
}

/**
 * One membership in the group, from the join until a fault or a stop. A position is committed after
 * its message is done with, never before, and only under the assignment that it was read in.
 */
export class GroupSession {
  /** Whether the group took this member. */
  joined = false;
  readonly #kafka: KafkaLibrary;
  readonly #settings: SessionSettings;
  readonly #member: Consumer;
  readonly #positions: GroupPositions;
  #reader: TopicReader;
  readonly #workers = new Map<number, PartitionWorker>();
  // Outlives `#workers`: the handler of a lost partition goes on, and until it ends this process must
  // not handle the same partition a second time.
  readonly #running = new Map<number, Promise<void>>();
  readonly #fetching = new Set<number>();
  readonly #fetchWakeup = createWakeup();
  readonly #commitWakeup = createWakeup();
  readonly #over = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #assignment = 0;
  #fetchFailures = 0;

  constructor(kafka: KafkaLibrary, settings: SessionSettings) {
    this.#kafka = kafka;
    this.#settings = settings;
    const { groupId, topic, sessionTimeoutMs } = settings;
    let lost: Error | undefined;
    const member = new kafka.Consumer({
      // A join waits for the other members to join again.
      ...clientOptions(settings, sessionTimeoutMs + REBALANCE_TIMEOUT_MS),
      groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: sessionTimeoutMs / HEARTBEATS_PER_SESSION,
      heartbeatStallTimeout: sessionTimeoutMs,
      rebalanceTimeout: Math.max(REBALANCE_TIMEOUT_MS, sessionTimeoutMs),
    });
    this.#member = guarded(member, (error) => {
      lost = error;
    });
    // The library stops after these two; without a listener the first ends the process.
    member.on('error', (error: Error) => this.#ended.reject(lost ?? error));
    member.on('consumer:heartbeat:stalled', () =>
      this.#ended.reject(new Error(`group ${groupId}: no heartbeat gets through`)),
    );
    member.on('consumer:group:join', (payload: ConsumerGroupJoinPayload) => {
      const { partitions = [] } = payload.assignments?.find((each) => each.topic === topic) ?? {};
      this.#takeOver(partitions).catch(this.#ended.reject);
    });
    this.#positions = new GroupPositions(kafka, settings, topic);
    this.#reader = new TopicReader(kafka, settings, topic);
    this.#ended.promise.catch(() => {});
  }

  /** Settles after a stop, or when the topic has changed. @throws Error after a fault */
  async run(): Promise<void> {
    const { stop, topic } = this.#settings;
    const onStop = () => this.#ended.resolve();
    stop.addEventListener('abort', onStop);
    const loops: Promise<void>[] = [];
    try {
      const state = await this.#positions.topic();
      if (stop.aborted) return;
      this.#member.topics.track(topic);
      const joining = this.#member.joinGroup({});
      joining.catch(this.#ended.reject);
      await Promise.race([joining, this.#ended.promise]);
      for (const loop of [this.#fetchLoop(state), this.#commitLoop(), this.#topicLoop(state)]) {
        loops.push(loop.catch(this.#ended.reject));
      }
      await this.#ended.promise;
    } finally {
      stop.removeEventListener('abort', onStop);
      await this.#close(loops);
    }
  }

  /** The running handlers end, what they have done is committed, and the group goes on without us. */
  async #close(loops: Promise<void>[]): Promise<void> {
    this.#over.abort();
    for (const worker of this.#workers.values()) worker.abandon();
    this.#fetchWakeup.notify();
    this.#commitWakeup.notify();
    const readerClosed = this.#reader.close();
    await Promise.all([...this.#running.values(), ...loops]);
    if (this.joined) await this.#commit().catch(() => {});
    await Promise.all([
      disconnect(this.#member, () => this.#member.close(true)),
      this.#positions.close(),
      readerClosed,
    ]);
  }

  /** Begins the partitions of a new assignment at the committed positions. */
  async #takeOver(partitions: number[]): Promise<void> {
    const assignment = ++this.#assignment;
    this.joined = true;
    for (const worker of this.#workers.values()) worker.abandon();
    this.#workers.clear();
    if (partitions.length === 0) return;
    const starts = await this.#startPositions(partitions);
    if (assignment !== this.#assignment || this.#over.signal.aborted) return;
    for (const [partition, start] of starts) {
      const worker = new PartitionWorker(partition, start, {
        handle: this.#settings.handle,
        after: this.#running.get(partition),
        onProgress: () => {
          this.#commitWakeup.notify();
          this.#fetchWakeup.notify();
        },
        onFailure: this.#settings.onFailure,
      });
      this.#running.set(
        partition,
        worker.ended.catch(() => {}),
      );
      this.#workers.set(partition, worker);
    }
    this.#fetchWakeup.notify();
  }

  async #startPositions(partitions: number[]): Promise<Map<number, ReadPosition>> {
    const committed = await this.#positions.committed(partitions);
    const fresh = partitions.filter((partition) => !committed.has(partition));
    if (fresh.length === 0) return committed;
    const fromBeginning = this.#settings.fromBeginning ?? true;
    const offsets = await this.#positions.offsets(fromBeginning ? 'EARLIEST' : 'LATEST', fresh);
    const starts = [...offsets].map(([partition, offset]) => ({ partition, offset }));
    // Else what arrives before the first commit would be lost with this process: the next one would
    // begin with later messages.
    if (!fromBeginning) await this.#send(starts.map((start) => ({ ...start, leaderEpoch: -1 })));
    for (const { partition, offset } of starts)
      committed.set(partition, { offset, leaderEpoch: -1 });
    return committed;
  }

  /** Keeps one fetch under way for each broker that leads a partition with room in its queue. */
  async #fetchLoop({ id }: TopicState): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#startFetches(id).catch((error) => this.#onFetchFault(error as Error));
      await this.#fetchWakeup.wait(POLL_MS);
    }
  }

  async #startFetches(topicId: string): Promise<void> {
    if (this.#workers.size === 0) return;
    const reader = this.#reader;
    for (const [node, partitions] of await reader.leaders()) {
      if (this.#fetching.has(node) || this.#over.signal.aborted) continue;
      const workers = partitions
        .map((partition) => this.#workers.get(partition))
        .filter((worker) => worker?.hasRoom === true) as PartitionWorker[];
      if (workers.length === 0) continue;
      this.#fetching.add(node);
      void this.#fetch(reader, node, topicId, workers)
        .catch((error) => this.#onFetchFault(error as Error))
        .finally(() => {
          this.#fetching.delete(node);
          this.#fetchWakeup.notify();
        });
    }
  }

  async #fetch(
    reader: TopicReader,
    node: number,
    topicId: string,
    workers: PartitionWorker[],
  ): Promise<void> {
    const asked = new Map(workers.map(({ partition, fetchFrom }) => [partition, fetchFrom]));
    for (const fetched of await reader.fetch(node, topicId, asked)) {
      const worker = workers.find(({ partition }) => partition === fetched.partition);
      // After a rebalance, or an answer of another broker that came first.
      if (worker === undefined || this.#workers.get(fetched.partition) !== worker) continue;
      if (worker.fetchFrom !== asked.get(fetched.partition)) continue;
      worker.enqueue(fetched.messages, await this.#nextOf(fetched));
    }
    this.#fetchFailures = 0;
  }

  async #nextOf({ partition, next, gap }: Fetched): Promise<ReadPosition> {
    if (gap === null) return next;
    const { topic, onFault } = this.#settings;
    const where = `${topic}, partition ${partition}`;
    if (gap === 'truncated') {
      onFault(new Error(`${where}: the broker lost messages, reading again from ${next.offset}`));
      return next;
    }
    const offset = (await this.#positions.offsets('EARLIEST', [partition])).get(partition);
    if (offset === undefined || offset === next.offset) {
      throw new Error(`${where} has no offset ${next.offset}`);
    }
    onFault(new Error(`${where}: offset ${next.offset} is gone, reading on from ${offset}`));
    return { offset, leaderEpoch: -1 };
  }

  /** The inner state of a client is unknown after a fault, so the next fetch is another client's. */
  async #onFetchFault(error: Error): Promise<void> {
    if (this.#over.signal.aborted) return;
    this.#settings.onFault(error);
    const former = this.#reader;
    this.#reader = new TopicReader(this.#kafka, this.#settings, this.#settings.topic);
    void former.close();
    await pause(backoffMs(++this.#fetchFailures, BACKOFF), this.#over.signal);
  }

  /** One commit at a time, for all partitions that have moved on meanwhile. */
  async #commitLoop(): Promise<void> {
    for (let failures = 0; !this.#over.signal.aborted; ) {
      await this.#commitWakeup.wait(POLL_MS);
      try {
        await this.#commit();
        failures = 0;
      } catch (error) {
        if (++failures >= COMMIT_FAILURES_MAX) throw error;
        this.#settings.onFault(error as Error);
        await pause(backoffMs(failures, BACKOFF), this.#over.signal);
        this.#commitWakeup.notify();
      }
    }
  }

  async #commit(): Promise<void> {
    const moved = [...this.#workers.values()].flatMap((worker) => {
      const { partition, position, committed } = worker;
      return position === null || position === committed ? [] : [{ worker, partition, position }];
    });
    if (moved.length === 0) return;
    await this.#send(moved.map(({ partition, position }) => ({ partition, ...position })));
    for (const { worker, position } of moved) worker.committed = position;
  }

  async #send(positions: ({ partition: number } & ReadPosition)[]): Promise<void> {
    const { topic } = this.#settings;
    const offsets = positions.map((position) => ({ topic, ...position }));
    await withTimeout(COMMIT_TIMEOUT_MS, this.#member.commit({ offsets }), 'a commit');
  }

  /** Ends the session when the topic is another one, or has more partitions. */
  async #topicLoop(joinedFor: TopicState): Promise<void> {
    for (;;) {
      await pause(TOPIC_CHECK_MS, this.#over.signal);
      if (this.#over.signal.aborted) return;
      try {
        const { id, partitions } = await this.#positions.topic();
        if (id !== joinedFor.id || partitions !== joinedFor.partitions) this.#ended.resolve();
      } catch (error) {
        this.#settings.onFault(error as Error);
      }
    }
  }
}
