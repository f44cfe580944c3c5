/**
 * Starts a time-out with a timer that `clear` frees: those of AbortSignal.timeout outlive the
 * answer, thousands of them under load. A signal is made on demand, since it costs more than the
 * rest of a call that needs none.
 */
export function startTimeout(timeoutMs: number): Timeout {
  return new Timeout(timeoutMs);
}

/** A class: each call between services has one, and closures of its own would cost more. */
class Timeout {
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  #abort: AbortController | undefined;
  #reject: ((fault: Error) => void) | undefined;
  #expired = false;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#timer = setTimeout(() => this.#expire(), timeoutMs);
  }

  get expired(): boolean {
    return this.#expired;
  }

  /**
   * Waits for the work, which goes on after the time-out.
   * @throws Error when the time-out expires first
   */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      work.then(resolve, reject);
    });
  }

  /** Aborted when it expires. */
  signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #expire(): void {
    this.#expired = true;
    const fault = new Error(`no answer within ${Math.ceil(this.#timeoutMs)} ms`);
    this.#abort?.abort(fault);
    this.#reject?.(fault);
  }
}

export type { Timeout };

/** @throws Error when the work takes longer; what it does later is ignored */
export async function withTimeout<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const timeout = startTimeout(timeoutMs);
  try {
    return await timeout.race(work);
  } finally {
    timeout.clear();
  }
}
