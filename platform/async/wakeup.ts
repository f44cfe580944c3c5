/** A wake-up signal for one loop that polls, so that it learns of new work at once. */
export function createWakeup() {
  let notified = false;
  let wake = (): void => {};
  return {
    /** Ends the current wait, or else the next one: no notification is lost. */
    notify(): void {
      notified = true;
      wake();
    },
    /** Waits until notified, at most `ms` milliseconds. */
    async wait(ms: number): Promise<void> {
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
