import { countMails } from '#harness/oracle/mails.ts';
import type { LoadJob } from '../load/load.ts';
import type { Load } from '../load/load-process.ts';
import type { SetUp } from '../set-ups/set-up.ts';
import type { Drain } from './drain.ts';
import { cpuBetween, readUsage } from './process-usage.ts';

export type Measurement = Awaited<ReturnType<typeof measure>>;

const DRAIN_TIMEOUT_S = 120;

interface MeasuredSystem {
  setUp: SetUp;
  load: Load;
  drain: Drain;
  historyFile: string;
}

/** One load on a system at rest, and the rest after it. */
export async function measure(
  { setUp, load, drain, historyFile }: MeasuredSystem,
  job: Omit<LoadJob, 'url'>,
) {
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
    /** Answered in a second while the load ran. */
    ordersPerS: orders / loadSeconds,
    withLettersPerS: withLetters({ orders, loadSeconds, drainSeconds }),
    /** Mails that arrived meanwhile. */
    letters,
    drainSeconds,
    /** False when some letters were not sent when the wait was over. */
    drained,
    /** Seconds of a processor for 1,000 orders and their letters, by process. */
    cpuPer1000: Object.fromEntries(
      Object.entries(cpuBetween(before, after)).map(([name, seconds]) => [
        name,
        (seconds * 1_000) / orders,
      ]),
    ),
    /** MB after the load, by process. */
    memoryMb: after?.memoryMb ?? {},
  };
}

// A queue of a moment is no backlog; a longer one means that letters are slower than orders.
export const DRAIN_FREE_S = 2;

/**
 * Orders in a second, letters included: while the load ran, where the letters that were left at its
 * end took no more than 2 s; otherwise from the first request to the last letter.
 */
export function withLetters({
  orders,
  loadSeconds,
  drainSeconds,
}: Record<'orders' | 'loadSeconds' | 'drainSeconds', number>): number {
  return orders / (drainSeconds <= DRAIN_FREE_S ? loadSeconds : loadSeconds + drainSeconds);
}
