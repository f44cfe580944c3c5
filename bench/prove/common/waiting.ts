import { setTimeout as pause } from 'node:timers/promises';
import { eventually as eventuallyWithin } from '#harness/eventually.ts';

// Limits that only what hangs for ever meets: a machine ten times slower stays far below them.

/** For one thing that must happen. */
export const PATIENCE_MS = 120_000;
/** For anything at all to move while something is under way, and for all of it to end. */
export const REST_LIMITS = { standstillMs: 60_000, totalMs: 5 * 60_000 };

const RETRY_MS = 250;

/** Asks again and again until the answer is there. @throws Error with what it waited for */
export function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  waitMs = PATIENCE_MS,
): Promise<T> {
  return eventuallyWithin(what, look, waitMs);
}

/**
 * Does something again and again until it succeeds.
 * @throws Error with the last fault when it does not within `PATIENCE_MS`
 */
export async function withPatience<T>(what: string, work: () => Promise<T>): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (cause) {
      if (performance.now() > end) throw new Error(`${what} never succeeded`, { cause });
      await pause(RETRY_MS);
    }
  }
}

/** Does the work for each, so many at once. @returns the results in order */
export async function eachOf<T, R>(
  all: T[],
  atOnce: number,
  work: (one: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = all.entries();
  const take = async () => {
    for (const [index, one] of queue) results[index] = await work(one);
  };
  await Promise.all(Array.from({ length: atOnce }, take));
  return results;
}
