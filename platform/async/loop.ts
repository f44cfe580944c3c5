import type { Logger } from 'pino';
import { type BackoffOptions, backoffMs, pause } from './backoff.ts';
import { createFaultLog } from './fault-log.ts';
import { createWakeup } from './wakeup.ts';

interface LoopOptions {
  name: string;
  log: Pick<Logger, 'warn' | 'error'>;
  /**
   * The work of one round. The signal is aborted when the loop is closed.
   * @returns milliseconds until the next round; `notify` ends this wait early, 0 means no wait
   */
  round: (signal: AbortSignal) => Promise<number>;
  /** Waits after failed rounds, which `notify` does not end. */
  retry: BackoffOptions;
  /** Wait before the first round (default 0). */
  firstInMs?: number;
  /** An error as the log may show it (default `describeError`). */
  describe?: (error: unknown) => string;
}

export interface Loop {
  /** Starts the next round now, or right after the running one: no notification is lost. */
  notify(): void;
  /** Ends the loop. Resolves when the running round has ended. */
  close(): Promise<void>;
}

/**
 * Runs rounds until closed. A failed round is logged, each kind of fault once a minute, and retried
 * after a growing wait: an error never ends the loop.
 */
export function startLoop(options: LoopOptions): Loop {
  const { name, round, retry, firstInMs = 0 } = options;
  const report = createFaultLog(options);
  const stop = new AbortController();
  const wakeup = createWakeup();

  async function run(): Promise<void> {
    let failures = 0;
    let waitMs = firstInMs;
    while (!stop.signal.aborted) {
      if (waitMs > 0) await wakeup.wait(waitMs);
      if (stop.signal.aborted) return;
      try {
        waitMs = await round(stop.signal);
        failures = 0;
      } catch (error) {
        failures++;
        report(name, error, { failures });
        await pause(backoffMs(failures, retry), stop.signal);
        waitMs = 0;
      }
    }
  }

  const running = run();
  return {
    notify: wakeup.notify,
    async close() {
      stop.abort();
      wakeup.notify();
      await running;
    },
  };
}
