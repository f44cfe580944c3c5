import type { RedriveResult } from '#contracts/notifications.ts';
import type { Deadline } from '#platform/async/deadline.ts';
import type { IncomingMessage } from '#platform/broker/port/broker.ts';
import { describeError } from '#platform/errors.ts';
import { isContentRefusal } from '#platform/postgres/errors.ts';
import type { NewLetterRow } from '../delivery/letter-store.ts';
import { deadErrorOf, readMessage } from './on-order-update.ts';

export interface RedriveDeps {
  /** The whole message; `redriven` when it became a letter since. Null for an unknown id. */
  findDeadMessage: (id: string) => Promise<{ message: IncomingMessage; redriven: boolean } | null>;
  /**
   * Puts the letter into the inbox and marks the dead letter as redriven, in one transaction.
   * @returns false, having done nothing, when another redrive was quicker
   */
  storeRedriven: (id: string, letter: NewLetterRow) => Promise<boolean>;
  /** Keeps it dead, one redrive more, with the error of this one. */
  keepDead: (id: string, error: string) => Promise<void>;
  /** Called after a letter was stored. */
  onLetter: () => void;
}

/** `settled`: it is not dead, there was nothing to do. */
export type Redrive = 'redriven' | 'refused' | 'settled' | 'unknown';

/**
 * Reads a dead letter's message once more, as it would be read if it came from the topic now: a
 * version that understands it makes the letter that it asked for. Invariant I6: the inbox key is
 * the event's id here too, so however often it is done, there is one letter.
 */
export async function redrive(deps: RedriveDeps, id: string): Promise<Redrive> {
  const dead = await deps.findDeadMessage(id);
  if (dead === null) return 'unknown';
  if (dead.redriven) return 'settled';
  const refuse = async (error: string): Promise<Redrive> => {
    await deps.keepDead(id, deadErrorOf(error));
    return 'refused';
  };
  const reading = readMessage(dead.message);
  if (reading.kind === 'poison') return refuse(reading.error);
  if (reading.kind === 'unknown-type') return refuse(`unknown message type ${reading.type}`);
  try {
    if (!(await deps.storeRedriven(id, reading.row))) return 'settled';
  } catch (error) {
    if (!isContentRefusal(error)) throw error;
    return refuse(describeError(error));
  }
  deps.onLetter();
  return 'redriven';
}

export interface RedriveManyDeps extends RedriveDeps {
  /** Ids of those that are dead, least recently tried first. */
  listDeadIds: () => Promise<string[]>;
  countDead: () => Promise<number>;
}

/**
 * Redrives one after the other, since a message may have 1 MB, and stops at the deadline. What
 * was not reached is the first of the next call.
 */
export async function redriveMany(
  deps: RedriveManyDeps,
  deadline: Deadline,
): Promise<RedriveResult> {
  const counts = { redriven: 0, refused: 0, settled: 0, unknown: 0 };
  for (const id of await deps.listDeadIds()) {
    if (deadline.remainingMs() === 0) break;
    counts[await redrive(deps, id)]++;
  }
  const { redriven, refused } = counts;
  return { redriven, refused, dead: await deps.countDead() };
}
