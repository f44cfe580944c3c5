import { setTimeout as wait } from 'node:timers/promises';

export interface BackoffOptions {
  /** Upper bound of the first wait. */
  firstMs: number;
  /** Upper bound of any wait. */
  maxMs: number;
}

/**
 * How long to wait before a retry: exponential backoff with jitter, so that clients that failed
 * together do not retry together.
 * @param attempt 1 for the first retry
 */
export function backoffMs(attempt: number, { firstMs, maxMs }: BackoffOptions): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}

/** Waits; an abort ends the wait early without an error. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    // Aborted: the caller checks its signal.
  }
}
