import { setTimeout as pause } from 'node:timers/promises';

export type Pace = ReturnType<typeof createPace>;

// Far below the deadline of an order (3 s in `system.ts`).
const QUICK_MS = 300;
const SLOW_MS = 900;
const POLL_MS = 5;

/**
 * Limits the concurrency of a calm load to what any machine answers well within the deadline. It
 * begins with one, adds one for each quick answer and halves at a slow one, so that a non-final
 * answer points at the product and not at a slow machine.
 */
export function createPace(atOnceMax: number) {
  let atOnce = 1;
  let running = 0;
  let draining = false;
  return {
    /** Runs a request when its turn comes. @param timed whether its latency adjusts the concurrency */
    async take<T>(request: () => Promise<T>, timed = true): Promise<T> {
      while (draining || running >= atOnce) await pause(POLL_MS);
      running += 1;
      const started = performance.now();
      try {
        return await request();
      } finally {
        running -= 1;
        const ms = performance.now() - started;
        if (timed && ms < QUICK_MS && atOnce < atOnceMax) atOnce += 1;
        if (timed && ms > SLOW_MS && atOnce !== Number.POSITIVE_INFINITY) {
          atOnce = Math.max(1, atOnce / 2);
        }
      }
    },
    /** Stops new orders, and waits until the pending ones have ended. */
    async drain(): Promise<void> {
      draining = true;
      while (running > 0) await pause(POLL_MS);
    },
    /** From now on all may run at once. */
    release(): void {
      draining = false;
      atOnce = Number.POSITIVE_INFINITY;
    },
  };
}
