import type { Logger } from 'pino';
import { billingProblems } from '#contracts/billing.ts';
import { type Order, orderProblems } from '#contracts/orders.ts';
import { pause } from '#platform/async/backoff.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { AppError, describeError } from '#platform/errors.ts';
import type { ServiceClients } from '../context/service-clients.ts';
import { recoveryClients } from './order-clients.ts';
import { recoverOrders } from './recover-orders.ts';

const BATCH_MAX = 100;
const LEASE_MS = 10_000;
// Two calls an order: a gateway that stops waits no longer for them than for a request's budget.
const CALL_BUDGET_MS = 2_500;

export interface Recovery {
  /** Waits for the orders under way. */
  close(): Promise<void>;
}

const CONTRADICTIONS: string[] = [
  billingProblems.paymentMismatch.code,
  orderProblems.paymentContradicted.code,
];

function isContradiction(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  return error.problem.kind === 'internal' || CONTRADICTIONS.includes(error.problem.code);
}

/** Runs rounds of recovery until closed; with jitter, so that replicas spread out. */
export function startRecovery(
  clients: ServiceClients,
  options: { ageMs: number; intervalMs: number; log: Logger },
): Recovery {
  const { log } = options;
  const stop = new AbortController();
  const { noteFailure, ...calls } = recoveryClients(clients, {
    olderThanMs: options.ageMs,
    leaseMs: LEASE_MS,
    limit: BATCH_MAX,
    deadline: () => deadlineIn(CALL_BUDGET_MS),
  });
  const deps = {
    ...calls,
    mayGoOn: () => !stop.signal.aborted,
    async onFailure(order: Order, error: unknown) {
      const reason = describeError(error);
      // Records that contradict each other are an alarm, a service that is away is none.
      log[isContradiction(error) ? 'error' : 'warn']({ order: order.id }, `recovery: ${reason}`);
      if (stop.signal.aborted) return;
      // For the operator's list. Where orders itself is what fails, its absence tells as much.
      await noteFailure(order, reason).catch(() => {});
    },
  };

  /**
   * A round that ended something is followed by the next at once: more may wait. A claim of fewer
   * orders than asked for says nothing, since an answer takes few large orders.
   */
  async function recoverAll(): Promise<number> {
    for (let total = 0; ; ) {
      const { claimed, recovered } = await recoverOrders(deps);
      total += recovered;
      if (claimed === 0 || recovered === 0 || stop.signal.aborted) return total;
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      await pause(options.intervalMs * (0.5 + Math.random()), stop.signal);
      if (stop.signal.aborted) return;
      try {
        const recovered = await recoverAll();
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
