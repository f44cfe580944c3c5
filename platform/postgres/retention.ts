import type { Logger } from 'pino';
import { type Loop, startLoop } from '../async/loop.ts';
import type { Metrics } from '../metrics/metrics.ts';

const EVERY_MS = 60_000;
// A round with much to delete leaves the database to others now and then.
const ROUND_MS = 2_000;
const BETWEEN_ROUNDS_MS = 250;
const RETRY = { firstMs: 5_000, maxMs: EVERY_MS };

/** Deletes what is past its time, one batch per call. Batches keep statements short. */
export interface RetentionTask {
  /** The label of its metrics. */
  name: string;
  /** @returns how many rows it changed; fewer than `batch` when it has finished */
  run: () => Promise<number>;
  batch: number;
}

/**
 * Runs retention tasks in the background until closed: each minute, batch by batch. Safe with several
 * replicas: the statements skip rows that another one locks.
 */
export function startRetention(options: {
  tasks: RetentionTask[];
  log: Logger;
  metrics: Metrics;
  everyMs?: number;
}): Pick<Loop, 'close'> {
  const { tasks, log, metrics, everyMs = EVERY_MS } = options;
  const deleted = new Map(tasks.map(({ name }) => [name, 0]));
  const finishedAtS = new Map<string, number>();
  metrics.add([
    {
      name: 'orderbell_retention_rows_total',
      help: 'Rows that this process has deleted or emptied at the end of their retention, by task.',
      labels: ['task'],
      read: () => [...deleted].map(([task, value]) => ({ value, labels: { task } })),
    },
    {
      name: 'orderbell_retention_last_run_timestamp_seconds',
      help: 'When a task of the retention last found nothing more to do, by task.',
      labels: ['task'],
      read: () => [...finishedAtS].map(([task, value]) => ({ value, labels: { task } })),
    },
  ]);
  return startLoop({
    name: 'retention',
    log,
    retry: RETRY,
    async round(signal) {
      const end = performance.now() + ROUND_MS;
      for (const { name, run, batch } of tasks) {
        for (let rows = batch; rows >= batch; ) {
          if (signal.aborted) return 0;
          if (performance.now() > end) return BETWEEN_ROUNDS_MS;
          rows = await run();
          deleted.set(name, (deleted.get(name) ?? 0) + rows);
        }
        finishedAtS.set(name, Math.floor((performance.timeOrigin + performance.now()) / 1_000));
      }
      return everyMs;
    },
  });
}
