import { deadlineIn } from '../../async/deadline.ts';
import * as store from './dead-letter-store.ts';
import { type DeadLetter, deadLetterOf, EXCERPT } from './dead-letter-view.ts';
import {
  type Redrive,
  type RedriveCounts,
  type RedriveOptions,
  redrive,
  redriveMany,
} from './redrive.ts';

/** The dead letters of one consumer. */
export interface DeadLetters {
  /** Newest first, one more than `limit` where there are more. */
  list(query: {
    state: DeadLetter['state'] | null;
    before: string | null;
    limit: number;
  }): Promise<DeadLetter[]>;
  find(id: string): Promise<DeadLetter | null>;
  /** Those from this position of a topic, newest first. */
  listAt(position: store.TopicPosition): Promise<DeadLetter[]>;
  /** Number of those that were not redriven, counted up to `max`. */
  count(max?: number): Promise<number>;
  redrive(id: string): Promise<Redrive>;
  redriveMany(): Promise<RedriveCounts>;
}

// Within one internal call of the operator's gateway (ARCHITECTURE.md, time).
const REDRIVE_MANY_TIMEOUT_MS = 1_500;

export function createDeadLetters<T>(options: RedriveOptions<T>): DeadLetters {
  const { database } = options;
  return {
    async list(query) {
      return (await store.listDeadLetters(database, query, EXCERPT)).map(deadLetterOf);
    },
    async find(id) {
      const row = await store.findDeadLetter(database, id, EXCERPT);
      return row && deadLetterOf(row);
    },
    async listAt(position) {
      return (await store.listDeadLettersAt(database, position, EXCERPT)).map(deadLetterOf);
    },
    count: (max) => store.countDead(database, max),
    redrive: (id) => redrive(options, id),
    redriveMany: () => redriveMany(options, deadlineIn(REDRIVE_MANY_TIMEOUT_MS)),
  };
}
