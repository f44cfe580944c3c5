import type { Metrics } from '#platform/metrics/metrics.ts';
import type { DecisionResult } from './decide-payment.ts';

/** Counts the decisions that this process makes; a repeated command decides nothing. */
export function countDecisions(metrics: Metrics): (result: DecisionResult) => void {
  const count = metrics.counter({
    name: 'orderbell_payment_decisions_total',
    help: 'Payments decided by this process, by decision.',
    labels: { decision: ['captured', 'declined', 'voided'] },
  });
  return ({ payment, fresh }) => {
    if (fresh) count({ decision: payment.decision });
  };
}
