/** Wakes a loop that waits. A notification while nobody waits is kept for the next wait. */
export function createWakeup() {
  let notified = false;
  let wake = () => {};
  return {
    notify(): void {
      notified = true;
      wake();
    },
    /** Waits for a notification, for `timeoutMs` at most. */
    async wait(timeoutMs: number): Promise<void> {
      if (!notified) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      notified = false;
      wake = () => {};
    },
  };
}

export type Wakeup = ReturnType<typeof createWakeup>;

/** Waits; an abort ends it early. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

/** @throws Error when the work takes longer */
export async function withTimeout<T>(timeoutMs: number, work: Promise<T>, what: string) {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} took longer than ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}

/** The pauses between attempts: they double from the first to the longest. */
export interface Backoff {
  firstMs: number;
  maxMs: number;
}

/** @returns the pause after so many failures, with a random part so that replicas spread */
export function backoffMs(failures: number, { firstMs, maxMs }: Backoff): number {
  const full = Math.min(maxMs, firstMs * 2 ** (failures - 1));
  return full * (0.5 + Math.random() / 2);
}
