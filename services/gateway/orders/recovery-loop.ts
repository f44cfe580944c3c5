import type { Logger } from 'pino';
import { billingProblems } from '#contracts/billing.ts';
import { orderProblems } from '#contracts/orders.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { type Loop, startLoop } from '#platform/async/loop.ts';
import { AppError, describeError } from '#platform/errors.ts';
import type { ServiceClients } from '../context/service-clients.ts';
import { recoveryClients } from './order-clients.ts';
import type { OrderMetrics } from './order-metrics.ts';
import { type RecoverOrdersDeps, recoverOrders } from './recover-orders.ts';

const BATCH_MAX = 100;
const LEASE_MS = 10_000;
// An order takes two calls, so a stopping gateway waits for recovery no longer than for a request.
const CALL_TIMEOUT_MS = 2_500;

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
  options: { ageMs: number; intervalMs: number; log: Logger; count: OrderMetrics },
): Pick<Loop, 'close'> {
  const { intervalMs, log, count } = options;
  const { noteFailure, ...calls } = recoveryClients(clients, {
    olderThanMs: options.ageMs,
    leaseMs: LEASE_MS,
    limit: BATCH_MAX,
    deadline: () => deadlineIn(CALL_TIMEOUT_MS),
  });
  const nextInMs = () => intervalMs * (0.5 + Math.random());

  function depsUntil(signal: AbortSignal): RecoverOrdersDeps {
    return {
      ...calls,
      mayGoOn: () => !signal.aborted,
      onRecovered: count.recovery,
      async onFailure(order, error) {
        count.recovery('failed');
        const reason = describeError(error);
        // Contradicting records are an alarm; an unavailable service is not.
        log[isContradiction(error) ? 'error' : 'warn']({ order: order.id }, `recovery: ${reason}`);
        if (signal.aborted) return;
        // For the operator's list. If orders itself fails, there is nowhere to store it.
        await noteFailure(order, reason).catch(() => {});
      },
    };
  }

  return startLoop({
    name: 'recovery',
    log,
    retry: { firstMs: intervalMs, maxMs: intervalMs },
    firstInMs: nextInMs(),
    async round(signal) {
      const { claimed, recovered } = await recoverOrders(depsUntil(signal));
      if (recovered > 0) log.info({ recovered }, 'pending orders recovered');
      // After a round that ended orders more may wait. The number of claimed orders does not show it,
      // since a page of large orders is short.
      return claimed === 0 || recovered === 0 ? nextInMs() : 0;
    },
  });
}
