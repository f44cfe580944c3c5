/** A moment at which an effort is given up; passed down so that inner waits end before it. */
export interface Deadline {
  /** Milliseconds left, 0 when over. */
  remainingMs(): number;
}

/** A deadline `ms` milliseconds from now, by the monotonic clock. */
export function deadlineIn(ms: number): Deadline {
  const end = performance.now() + ms;
  return { remainingMs: () => Math.max(0, end - performance.now()) };
}
