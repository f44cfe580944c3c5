/** Wakes a waiting loop. */
interface Wakeup {
  /** Ends the current wait, or else the next one: no notification is lost. */
  notify(): void;
  /** Waits until notified, at most `ms` milliseconds. */
  wait(ms: number): Promise<void>;
}

/** A wake-up signal for one loop that polls, so that it learns of new work at once. */
export function createWakeup(): Wakeup {
  let notified = false;
  let wake = (): void => {};
  return {
    notify() {
      notified = true;
      wake();
    },
    async wait(ms) {
      if (!notified) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, ms);
        wake = resolve;
        await promise;
        clearTimeout(timer);
      }
      notified = false;
    },
  };
}
