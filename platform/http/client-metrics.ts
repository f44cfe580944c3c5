import type { Timeout } from '../async/timeout.ts';
import { lookUpOnce, type Metrics } from '../metrics/metrics.ts';

// Up to the time-out of one attempt (client.ts).
const BUCKETS_S = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Measures the attempts of calls to one service. */
export interface CallMetrics {
  /** Runs one attempt, and records how long it took and how it ended. */
  attempt<T extends { status: number }>(
    operation: string,
    timeout: Timeout,
    work: Promise<T>,
  ): Promise<T>;
  /** Counts an attempt that follows a failed one. */
  retry(operation: string): void;
}

/** @param metrics absent where nothing is measured */
export function measureCalls(callee: string, metrics: Metrics | undefined): CallMetrics {
  if (metrics === undefined) return { attempt: (_operation, _timeout, work) => work, retry() {} };
  const histogram = metrics.histogram({
    name: 'http_client_request_duration_seconds',
    help: 'Time of one attempt of a call to another service, by its status, timeout or error.',
    labels: ['callee', 'operation', 'status'],
    buckets: BUCKETS_S,
  });
  const retries = new Map<string, number>();
  metrics.add([
    {
      name: 'http_client_retries_total',
      help: 'Attempts of calls after a failed attempt, by callee and operation.',
      labels: ['callee', 'operation'],
      read: () =>
        [...retries].map(([operation, value]) => ({ value, labels: { callee, operation } })),
    },
  ]);
  const seriesOf = lookUpOnce((operation: string) =>
    lookUpOnce((outcome: Outcome) => histogram.labels(callee, operation, String(outcome))),
  );
  const record = (operation: string, outcome: Outcome, startedAt: number): void =>
    seriesOf(operation)(outcome).observe((performance.now() - startedAt) / 1_000);

  return {
    async attempt(operation, timeout, work) {
      const startedAt = performance.now();
      try {
        const answer = await work;
        record(operation, answer.status, startedAt);
        return answer;
      } catch (error) {
        record(operation, timeout.expired ? 'timeout' : outcomeOf(error), startedAt);
        throw error;
      }
    },
    retry: (operation) => void retries.set(operation, (retries.get(operation) ?? 0) + 1),
  };
}

/** The status of the answer; `error` for a connection that was refused or lost, or no valid answer. */
type Outcome = number | 'timeout' | 'error';

function outcomeOf(error: unknown): Outcome {
  const { status } = error as { status?: unknown };
  return typeof status === 'number' ? status : 'error';
}
