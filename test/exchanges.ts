import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { coverageOf, readCounts } from '#harness/exchanges/count-answers.ts';

/**
 * What a run of the quick suites must not leave out.
 * @param folder where its processes have written their counts
 * @returns a line for each public operation that never answered with success
 */
export function coverageLines(folder: string): string[] {
  return coverageOf(readCounts(folder)).withoutSuccess.map(
    (operationId) => `no test of the system has an answer of success from ${operationId}`,
  );
}

/** Writes `answers.md` into the folder: the declared answers that no test has seen. */
export function writeCoverage(folder: string): void {
  const { exchanges, operations, neverSeen } = coverageOf(readCounts(folder));
  const rows = [...neverSeen].map(([id, statuses]) => `| ${id} | ${statuses.join(', ')} |`);
  const text = [
    `${exchanges} exchanges with ${operations} operations. Declared answers that were never seen:`,
    '',
    '| operation | statuses |',
    '| --- | --- |',
    ...rows,
  ];
  writeFileSync(join(folder, 'answers.md'), `${text.join('\n')}\n`);
}
