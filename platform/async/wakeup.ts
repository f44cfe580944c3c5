/** Wakes a waiting loop. */
export interface Wakeup {
  /** Ends the wait, or the next one where nobody waits now: no notify is lost. */
  notify(): void;
  /** Until rung, `ms` milliseconds at most. */
  wait(ms: number): Promise<void>;
}

/** For one loop that polls and can be told that there is work. */
export function createWakeup(): Wakeup {
  let rung = false;
  let answer = (): void => {};
  return {
    notify() {
      rung = true;
      answer();
    },
    async wait(ms) {
      if (!rung) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, ms);
        answer = resolve;
        await promise;
        clearTimeout(timer);
      }
      rung = false;
    },
  };
}
