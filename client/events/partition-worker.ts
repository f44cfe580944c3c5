import type { ConsumedMessage, HandleMessage } from './handle-event.ts';
import { createWakeup } from './waiting.ts';

/** A position with the epoch of the leader that wrote the message before it, -1 when unknown. */
export interface ReadPosition {
  offset: bigint;
  leaderEpoch: number;
}

export interface FetchedMessage {
  message: ConsumedMessage;
  leaderEpoch: number;
}

interface WorkerDeps {
  handle: HandleMessage;
  /** Of an earlier worker of this partition, whose handler must end first. */
  after: Promise<void> | undefined;
  /** Called when the position, and with it the room in the queue, has changed. */
  onProgress: () => void;
  /** Gets what ends the consumer. */
  onFailure: (error: unknown) => void;
}

// Fetched and not handled yet. A fetch may exceed it once, by what one answer has.
const QUEUE_MAX = 500;

/**
 * Handles the messages of one partition in their order, while it is assigned to this member. Its
 * position moves only after a message is done with.
 */
export class PartitionWorker {
  readonly partition: number;
  /** Where the next fetch starts. */
  fetchFrom: ReadPosition;
  /** Behind the last message that is done with; null before the first. */
  position: ReadPosition | null = null;
  /** The position that the group knows. */
  committed: ReadPosition | null = null;
  /** Settles when no handler of this worker runs any more. */
  readonly ended: Promise<void>;
  readonly #queue: FetchedMessage[] = [];
  readonly #wakeup = createWakeup();
  readonly #lost = new AbortController();

  /**
   * @param start where the group's position is
   */
  constructor(partition: number, start: ReadPosition, deps: WorkerDeps) {
    this.partition = partition;
    this.fetchFrom = start;
    this.ended = this.#run(deps);
    this.ended.catch(deps.onFailure);
  }

  get hasRoom(): boolean {
    return !this.#lost.signal.aborted && this.#queue.length < QUEUE_MAX;
  }

  enqueue(messages: FetchedMessage[], next: ReadPosition): void {
    this.#queue.push(...messages);
    this.fetchFrom = next;
    this.#wakeup.notify();
  }

  /** The partition is lost, or the consumer stops: the running handler is the last one. */
  abandon(): void {
    this.#lost.abort();
    this.#wakeup.notify();
  }

  async #run({ handle, after, onProgress }: WorkerDeps): Promise<void> {
    await after?.catch(() => {});
    const { signal } = this.#lost;
    while (!signal.aborted) {
      const next = this.#queue[0];
      if (next === undefined) {
        await this.#wakeup.wait(IDLE_MS);
        continue;
      }
      const done = await handle(next.message, signal);
      if (!done) return;
      this.#queue.shift();
      this.position = { offset: next.message.offset + 1n, leaderEpoch: next.leaderEpoch };
      onProgress();
    }
  }
}

// Only notifications matter; the limit keeps one timer from running for ever.
const IDLE_MS = 60_000;
