import { backoffMs, pause } from '../async/backoff.ts';
import { deadlineIn } from '../async/deadline.ts';
import { describeError } from '../errors.ts';

/**
 * How long a start retries after transient faults. After a minute a person or a supervisor must
 * intervene.
 */
export const START_WAIT_MS = 60_000;

// A start takes a second or two. The first line comes after this time, later ones at growing gaps.
const SAY_FIRST_S = 5;
const RETRY = { firstMs: 100, maxMs: 2_000 };

interface StepOptions {
  /** Gets a line from time to time until the step is done. */
  say: (line: string) => void;
  /** Whether a retry can cure this fault. */
  isTransient: (error: unknown) => boolean;
  waitMs?: number;
  /** Aborts between two attempts. */
  signal?: AbortSignal;
}

/**
 * Runs one step of a start, and retries it after transient faults. A step that hangs is not
 * aborted: its parts have their own time-outs.
 * @param what the step waits for, as in "waiting for PostgreSQL"
 * @param work may safely be repeated, also after an unknown outcome
 * @throws a fault that is not transient; Error that names `what` after `waitMs`
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

/** Reports from time to time what a start waits for, until the work is done. */
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
