import type { Drain } from './drain.ts';
import type { LoadJob } from './load.ts';
import type { Load, LoadReport } from './load-process.ts';
import { cpuBetween, readUsage } from './process-usage.ts';
import { withLetters } from './ratio.ts';
import type { SetUp } from './set-up.ts';

/** What measuring needs. */
export interface Bench {
  setUp: SetUp;
  load: Load;
  drain: Drain;
  /** Answers to all orders of this set-up. */
  historyFile: string;
}

export interface Measurement extends LoadReport {
  /** Answered in a second while the load ran. */
  ordersPerS: number;
  /** Letters included (ratio.ts). */
  withLettersPerS: number;
  /** From the last answer to the last letter. */
  drainSeconds: number;
  /** False when some letters were still on their way when the wait was over. */
  drained: boolean;
  /** Seconds of a processor for 1,000 orders and their letters, by process. */
  cpuPer1000: Record<string, number>;
  /** MB after the load, by process. */
  memoryMb: Record<string, number>;
}

const DRAIN_TIMEOUT_S = 120;

/** One load on a system at rest, and the rest after it. */
export async function measure(
  { setUp, load, drain, historyFile }: Bench,
  job: Omit<LoadJob, 'url'>,
): Promise<Measurement> {
  const roots = [process.pid, setUp.postgresPid()];
  const before = readUsage(roots);
  await load.place({ ...job, url: setUp.url });
  const { seconds: drainSeconds, drained } = await drain.wait(DRAIN_TIMEOUT_S);
  const after = readUsage(roots);
  const report = await load.report(historyFile);
  const { orders, seconds: loadSeconds } = report;
  const used = before !== undefined && after !== undefined ? cpuBetween(before, after) : {};
  return {
    ...report,
    ordersPerS: orders / loadSeconds,
    withLettersPerS: withLetters({ orders, loadSeconds, drainSeconds }),
    ...{ drainSeconds, drained },
    cpuPer1000: Object.fromEntries(
      Object.entries(used).map(([name, seconds]) => [name, (seconds * 1_000) / orders]),
    ),
    memoryMb: after?.memoryMb ?? {},
  };
}
