export type Timeout = ReturnType<typeof startTimeout>;

/**
 * Starts a time-out with a timer that `clear` frees: those of AbortSignal.timeout outlive the
 * answer, thousands of them under load. A signal is made on demand, since it costs more than the
 * rest of a call that needs none.
 */
export function startTimeout(timeoutMs: number) {
  const fault = () => new Error(`no answer within ${Math.ceil(timeoutMs)} ms`);
  let abort: AbortController | undefined;
  let giveUp = (): void => {};
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    abort?.abort(fault());
    giveUp();
  }, timeoutMs);
  return {
    get expired(): boolean {
      return expired;
    },
    /**
     * Waits for the work, which goes on after the time-out.
     * @throws Error when the time-out expires first
     */
    race<T>(work: Promise<T>): Promise<T> {
      return new Promise((resolve, reject) => {
        giveUp = () => reject(fault());
        work.then(resolve, reject);
      });
    },
    /** Aborted when it expires. */
    signal(): AbortSignal {
      abort ??= new AbortController();
      return abort.signal;
    },
    clear: () => clearTimeout(timer),
  };
}

/** @throws Error when the work takes longer; what it does later is ignored */
export async function withTimeout<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const timeout = startTimeout(timeoutMs);
  try {
    return await timeout.race(work);
  } finally {
    timeout.clear();
  }
}
