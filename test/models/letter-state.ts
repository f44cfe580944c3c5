import type { Step as StepOf } from './explore.ts';

// The state of letter-protocol.ts, shared by its steps.

export interface LetterProtocol {
  /** Orders that end, each with its event, on one partition. */
  events: 1 | 2;
  relays: number;
  /** Members of one group; a moment of two owners of the partition is possible. */
  consumers: number;
  /** Without workers, a letter stays in the inbox. */
  workers: number;
  variant?: LetterVariant;
}

/** Other ways to do it, each with a flaw. */
export type LetterVariant =
  /** Orders publishes after its commit, without an outbox. */
  | 'publish-after-commit'
  /** The relay marks the row before it publishes. */
  | 'mark-before-publish'
  /** The relay remembers the last number that it published, and takes what is greater. */
  | 'relay-by-cursor'
  /** The consumer commits the offset before it stores the letter. */
  | 'offset-before-letter'
  /** The inbox takes an event twice. */
  | 'inbox-without-ids'
  /** The marker is written without a check of the lease. */
  | 'marker-without-fence'
  /** No marker: only the lease holder sends the final dot, but no record of that remains. */
  | 'no-marker';

export const EVENTS = ['a', 'b'] as const;
// A relay may publish more often, but a third copy has the same effects as the second.
export const COPIES_MAX = 2;
// Final dots of a letter that were in transit when their sender died; one more is lost at once.
export const LATE_DOTS_MAX = 1;
export const NOBODY = 0;

// `open` is a transaction that has its number and commits later than others with greater ones.
export const OUTBOX = ['open', 'in memory', 'waiting', 'published', 'lost'] as const;
export const RELAY_STEPS = ['idle', 'claimed', 'acknowledged', 'marked'] as const;
export const CONSUMER_STEPS = ['idle', 'fetched', 'stored'] as const;
export const LETTERS = [
  'none',
  'queued',
  'sending',
  'committing',
  'sent',
  'failed',
  'doubled',
] as const;
export const WORKER_STEPS = [
  'idle',
  'composing',
  'before the dot',
  'after the dot',
  'accepted',
] as const;

export type WorkerStep = (typeof WORKER_STEPS)[number];

/** Lists are by event, or by process. Fields of an idle process are 0, which reduces the number of states. */
export interface LetterState {
  outbox: (typeof OUTBOX)[number][];
  cursor: number;
  /** Events in the order of their offsets. */
  topic: string;
  /** The group's committed position. */
  position: number;
  relays: (typeof RELAY_STEPS)[number][];
  relayEvents: number[];
  consumers: (typeof CONSUMER_STEPS)[number][];
  consumerOffsets: number[];
  letters: (typeof LETTERS)[number][];
  /** The token: number of the worker from 1. */
  holders: number[];
  accepted: boolean[];
  /**
   * Mails received minus unknown outcomes counted; must not exceed 1. Only the difference is kept,
   * so that a finite model can repeat a letter without end. It has a floor, below which it
   * does not fall: that can only make a breach out of none, never hide one.
   */
  uncounted: number[];
  lateDots: number[];
  workers: WorkerStep[];
  workerLetters: number[];
}

/** Every counted dot in transit fits above the floor, so the model stays exact. */
export function uncountedFloor(workers: number): number {
  return -workers - LATE_DOTS_MAX;
}

/** How often an event is on a topic. */
export function copiesOf(event: string, topic: string): number {
  return topic.split(event).length - 1;
}

export type Step = StepOf<LetterState>;
