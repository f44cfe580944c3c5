import { backoffMs, pause } from '../async/backoff.ts';
import { deadlineIn } from '../async/deadline.ts';
import { describeError } from '../errors.ts';

/**
 * How long a start repeats what fails by a transient fault. A machine that comes back within a
 * minute needs nobody's help; after that a person, or a supervisor, has to look.
 */
export const START_WAIT_MS = 60_000;

// A start takes a second or two. After this time a line says why, then ever more rarely.
const SAY_FIRST_S = 5;
const RETRY = { firstMs: 100, maxMs: 2_000 };

interface StepOptions {
  /** Gets a line from time to time while the step is not done. */
  say: (line: string) => void;
  /** Whether a repetition can cure this fault. */
  isTransient: (error: unknown) => boolean;
  waitMs?: number;
  /** Ends it between two tries. */
  signal?: AbortSignal;
}

/**
 * Does one step of a start, and repeats it while it fails by a transient fault. A step that hangs
 * is not ended: its parts have time-outs of their own.
 * @param what the step waits for, as in "waiting for PostgreSQL"
 * @param work may safely be repeated, also after an unknown outcome
 * @throws the fault that is not transient; Error that names `what` when the time is over
 */
export async function startStep<T>(
  what: string,
  work: () => Promise<T>,
  { say, isTransient, waitMs = START_WAIT_MS, signal }: StepOptions,
): Promise<T> {
  const deadline = deadlineIn(waitMs);
  let fault: unknown;
  const reason = () => (fault === undefined ? '' : `: ${describeError(fault)}`);
  return sayWhileWaiting(
    () => `${what}${reason()}`,
    (async () => {
      for (let number = 1; ; number++) {
        try {
          return await work();
        } catch (error) {
          if (!isTransient(error)) throw error;
          fault = error;
          const pauseMs = backoffMs(number, RETRY);
          if (pauseMs >= deadline.remainingMs()) {
            throw new Error(`waited ${waitMs / 1000} s for ${what}`, { cause: error });
          }
          await pause(pauseMs, signal);
          signal?.throwIfAborted();
        }
      }
    })(),
    say,
  );
}

/** Says from time to time what a start waits for, until the work is done. */
export async function sayWhileWaiting<T>(
  what: () => string,
  work: Promise<T>,
  say: (line: string) => void,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const sayAt = (seconds: number, after = 0): void => {
    timer = setTimeout(
      () => {
        say(`Still starting (${seconds} s): waiting for ${what()}`);
        sayAt(2 * seconds, seconds);
      },
      (seconds - after) * 1000,
    );
  };
  sayAt(SAY_FIRST_S);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
