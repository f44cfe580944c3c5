import type { Logger } from 'pino';
import { pause } from '#platform/backoff.ts';
import { deadlineIn } from '#platform/deadline.ts';
import { describeError } from '#platform/errors.ts';
import { type Neighbours, recoveryNeighbours } from './neighbours.ts';
import { recoverOrders } from './recover-orders.ts';

const BATCH_MAX = 100;
const LEASE_MS = 10_000;
const CALL_BUDGET_MS = 3_000;

export interface Recovery {
  /** Waits for the order under way. */
  close(): Promise<void>;
}

/** Runs rounds of recovery until closed; with jitter, so that replicas spread out. */
export function startRecovery(
  neighbours: Neighbours,
  options: { ageMs: number; intervalMs: number; log: Logger },
): Recovery {
  const { log } = options;
  const stop = new AbortController();
  const deps = {
    ...recoveryNeighbours(neighbours, {
      olderThanMs: options.ageMs,
      leaseMs: LEASE_MS,
      limit: BATCH_MAX,
      deadline: () => deadlineIn(CALL_BUDGET_MS),
    }),
    mayGoOn: () => !stop.signal.aborted,
    onFailure: (order: { id: string }, error: unknown) =>
      log.warn({ order: order.id }, `recovery: ${describeError(error)}`),
  };

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      await pause(options.intervalMs * (0.5 + Math.random()), stop.signal);
      if (stop.signal.aborted) return;
      try {
        const recovered = await recoverOrders(deps);
        if (recovered > 0) log.info({ recovered }, 'pending orders recovered');
      } catch (error) {
        log.warn(`recovery: ${describeError(error)}`);
      }
    }
  }

  const running = run();
  return {
    async close() {
      stop.abort();
      await running;
    },
  };
}
