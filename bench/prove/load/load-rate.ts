import { setTimeout as pause } from 'node:timers/promises';

/** How many requests may be under way at once, by how fast they are answered. */
export interface Pace {
  /** Runs a request when its turn comes. @param timed whether its time says how busy the system is */
  take<T>(request: () => Promise<T>, timed?: boolean): Promise<T>;
  /** Lets none begin, and waits until none is under way. */
  drain(): Promise<void>;
  /** From now on all may run at once. */
  release(): void;
}

// Far below the deadline of an order (3 s in `system.ts`).
const QUICK_MS = 300;
const SLOW_MS = 900;
const POLL_MS = 5;

/**
 * Keeps a calm load calm on any machine: as many requests at once as are answered well within
 * their deadline. It begins with one, adds one for each quick answer and halves at a slow one, so
 * that an answer which is not final says something of the product and not of the processor.
 */
export function createPace(atOnceMax: number): Pace {
  let atOnce = 1;
  let running = 0;
  let draining = false;
  return {
    async take(request, timed = true) {
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
    async drain() {
      draining = true;
      while (running > 0) await pause(POLL_MS);
    },
    release() {
      draining = false;
      atOnce = Number.POSITIVE_INFINITY;
    },
  };
}
