import { pause } from './backoff.ts';

/** A moment after which an effort is given up; passed down so that inner waits fit in it. */
export interface Deadline {
  /** Milliseconds left, 0 when over. */
  remainingMs(): number;
}

/** A deadline `ms` milliseconds from now, by the monotonic clock. */
export function deadlineIn(ms: number): Deadline {
  const end = performance.now() + ms;
  return { remainingMs: () => Math.max(0, end - performance.now()) };
}

/** @throws Error when the work is not done in time; what it does later is ignored */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = pause(timeoutMs, done.signal).then(() => {
    throw new Error(`no answer within ${timeoutMs} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => {});
    done.abort();
  }
}
