import { setTimeout as pause } from 'node:timers/promises';

/** Timeout for one event: even a machine ten times slower stays far below it. */
export const WAIT_MS = 120_000;
const POLL_MIN_MS = 10;
const POLL_MAX_MS = 100;
const RETRY_MS = 250;

/**
 * Polls until there is an answer.
 * @throws Error with what it waited for
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  waitMs = WAIT_MS,
): Promise<T> {
  const end = performance.now() + waitMs;
  // Each poll takes CPU time from the work that it waits for.
  for (let pauseMs = POLL_MIN_MS; ; pauseMs = Math.min(pauseMs * 1.5, POLL_MAX_MS)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(pauseMs);
  }
}

/**
 * Repeats work until it succeeds.
 * @throws Error with the last fault when it does not within `WAIT_MS`
 */
export async function retry<T>(what: string, work: () => Promise<T>): Promise<T> {
  const end = performance.now() + WAIT_MS;
  for (;;) {
    try {
      return await work();
    } catch (cause) {
      if (performance.now() > end) throw new Error(`${what} never succeeded`, { cause });
      await pause(RETRY_MS);
    }
  }
}

/** Does the work for each item with limited concurrency. @returns the results in order */
export async function mapConcurrent<T, R>(
  all: T[],
  concurrency: number,
  work: (one: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = all.entries();
  const worker = async () => {
    for (const [index, one] of queue) results[index] = await work(one);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}
