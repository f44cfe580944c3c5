import type { Client } from '../load/client.ts';
import type { Report } from '../report/report.ts';
import type { SystemUnderTest } from '../system/system.ts';
import { letterPoints } from './letter-points.ts';
import { moneyPoints } from './money-points.ts';
import { type CrashPoint, TestBed } from './test-bed.ts';
import { webhookPoints } from './webhook-points.ts';

/** Every row of the crash-point table that has a moment, in its order. */
export const crashPoints: CrashPoint[] = [...moneyPoints, ...letterPoints, ...webhookPoints];

/** @param parts of names; all when empty */
export function chosenPoints(parts: string[]): CrashPoint[] {
  return crashPoints.filter(
    ({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)),
  );
}

/**
 * Hits the crash points one after the other, each with an order of its own. The oracle compares
 * later, once for all of them.
 * @param options `points`: only those whose name contains one of these; all when empty
 */
export async function runCrashPoints(
  system: SystemUnderTest,
  client: Client,
  options: { points: string[]; say: (line: string) => void; outcomeMs?: number },
  report: Pick<Report, 'crashPoints' | 'violations'>,
): Promise<void> {
  const { say } = options;
  const testBed = await TestBed.create(system, client, options.outcomeMs);
  for (const { row, name, run } of chosenPoints(options.points)) {
    const started = performance.now();
    try {
      await run(testBed);
      report.crashPoints.hit += 1;
    } catch (error) {
      report.violations.push(`crash point ${row}, ${name}: ${(error as Error).message}`);
    }
    await testBed.heal();
    say(`${row} ${name}: ${(performance.now() - started).toFixed(0)} ms`);
  }
}
