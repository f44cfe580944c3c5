/** What can be ended. */
export interface Closable {
  close(): Promise<void>;
}

/** Everything that a run has started, so that an end at any moment leaves nothing behind. */
export interface Resources {
  /** Remembers what is being started, also before it has started. */
  add<T extends Closable>(starting: Promise<T>): Promise<T>;
  /** Closes what is open, latest first, and what was still starting; faults are reported only. */
  closeAll(onFault: (error: unknown) => void): Promise<void>;
}

export function createResources(): Resources {
  const all: Promise<Closable>[] = [];
  return {
    add(starting) {
      all.push(starting);
      return starting;
    },
    async closeAll(onFault) {
      for (let last = all.pop(); last !== undefined; last = all.pop()) {
        // What did not start has said so where it was awaited.
        const opened = await last.catch(() => undefined);
        await opened?.close().catch(onFault);
      }
    },
  };
}
