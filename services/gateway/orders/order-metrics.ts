import type { PaymentDecision } from '#contracts/billing.ts';
import { AppError } from '#platform/errors.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import type { Outcome } from './place-order.ts';

const OUTCOMES = [
  'paid',
  'declined',
  'voided',
  'pending',
  'unknown',
  'key_reused',
  'error',
] as const;
const RESULTS = ['captured', 'declined', 'voided', 'failed'] as const;

export type OrderMetrics = ReturnType<typeof countOrders>;

/** Counts how requests for orders are answered, and how recovery ends orders. */
export function countOrders(metrics: Metrics) {
  const countRequest = metrics.counter({
    name: 'orderbell_order_requests_total',
    help: 'Requests to place an order that were answered by the order protocol, by outcome.',
    labels: { outcome: OUTCOMES },
  });
  const countRecovery = metrics.counter({
    name: 'orderbell_order_recoveries_total',
    help: 'Orders that recovery ended, by the decision of their payment, or failed to end.',
    labels: { result: RESULTS },
  });
  return {
    /** Counts the answer to one request, a repeated one too. */
    async request(work: Promise<Outcome>): Promise<Outcome> {
      try {
        const outcome = await work;
        countRequest({ outcome: outcomeOf(outcome) });
        return outcome;
      } catch (error) {
        const expected = error instanceof AppError && error.expected;
        if (!expected) countRequest({ outcome: 'error' });
        throw error;
      }
    },
    recovery: (result: PaymentDecision['decision'] | 'failed'): void => countRecovery({ result }),
  };
}

function outcomeOf(outcome: Outcome): (typeof OUTCOMES)[number] {
  if (outcome.kind === 'key-reused') return 'key_reused';
  if (outcome.kind === 'unknown') return 'unknown';
  const { status, statusReason } = outcome.order;
  if (status === 'Paid') return 'paid';
  if (status === 'Pending') return 'pending';
  return statusReason === 'voided' ? 'voided' : 'declined';
}
