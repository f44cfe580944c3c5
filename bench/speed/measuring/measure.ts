import { countMails } from '#harness/oracle/mails.ts';
import type { LoadJob } from '../load/load.ts';
import type { Load, LoadReport } from '../load/load-process.ts';
import type { SetUp } from '../set-ups/set-up.ts';
import type { Drain } from './drain.ts';
import { cpuBetween, readUsage } from './process-usage.ts';
import { withLetters } from './ratio.ts';

/** What a measurement works on. */
export interface Measured {
  setUp: SetUp;
  load: Load;
  drain: Drain;
  historyFile: string;
}

export interface Measurement extends LoadReport {
  /** Answered in a second while the load ran. */
  ordersPerS: number;
  /** Letters included (ratio.ts). */
  withLettersPerS: number;
  /** Mails that arrived meanwhile. */
  letters: number;
  /** From the last answer to the last letter. */
  drainSeconds: number;
  /** False when some letters were not sent when the wait was over. */
  drained: boolean;
  /** Seconds of a processor for 1,000 orders and their letters, by process. */
  cpuPer1000: Record<string, number>;
  /** MB after the load, by process. */
  memoryMb: Record<string, number>;
}

const DRAIN_TIMEOUT_S = 120;

/** One load on a system at rest, and the rest after it. */
export async function measure(
  { setUp, load, drain, historyFile }: Measured,
  job: Omit<LoadJob, 'url'>,
): Promise<Measurement> {
  const roots = [process.pid, setUp.postgresPid()];
  const before = readUsage(roots);
  const mailsBefore = countMails(setUp.mailboxFile);
  await load.place({ ...job, url: setUp.url });
  const { seconds: drainSeconds, drained } = await drain.wait(DRAIN_TIMEOUT_S);
  const after = readUsage(roots);
  const letters = countMails(setUp.mailboxFile) - mailsBefore;
  const report = await load.report(historyFile);
  const { orders, seconds: loadSeconds } = report;
  return {
    ...report,
    ordersPerS: orders / loadSeconds,
    withLettersPerS: withLetters({ orders, loadSeconds, drainSeconds }),
    letters,
    drainSeconds,
    drained,
    cpuPer1000: Object.fromEntries(
      Object.entries(cpuBetween(before, after)).map(([name, seconds]) => [
        name,
        (seconds * 1_000) / orders,
      ]),
    ),
    memoryMb: after?.memoryMb ?? {},
  };
}
