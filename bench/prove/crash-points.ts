import { type CrashPoint, createBench } from './bench.ts';
import type { Client } from './client.ts';
import { letterPoints } from './letter-points.ts';
import { moneyPoints } from './money-points.ts';
import type { Place } from './place.ts';

/** Every row of the crash-point table that has a moment, in its order. */
export const crashPoints: CrashPoint[] = [...moneyPoints, ...letterPoints];

/**
 * Hits the crash points one after the other, each with an order of its own. What the books hold is
 * compared later, once for all.
 * @param options `points`: only those whose name contains one of these; all when empty
 */
export async function runCrashPoints(
  place: Place,
  client: Client,
  options: { points: string[]; say: (line: string) => void },
): Promise<{ hit: number; all: number; violations: string[] }> {
  const { points, say } = options;
  const chosen = crashPoints.filter(
    ({ name }) => points.length === 0 || points.some((part) => name.includes(part)),
  );
  const violations: string[] = [];
  const bench = await createBench(place, client);
  for (const { row, name, run } of chosen) {
    const started = performance.now();
    try {
      await run(bench);
    } catch (error) {
      violations.push(`crash point ${row}, ${name}: ${(error as Error).message}`);
    }
    await bench.mend();
    say(`${row} ${name}: ${(performance.now() - started).toFixed(0)} ms`);
  }
  return { hit: chosen.length - violations.length, all: crashPoints.length, violations };
}
