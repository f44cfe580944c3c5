import type { Reconciliation } from '#harness/oracle/oracle.ts';
import { medianOf } from '#harness/percentiles.ts';
import type { ExperimentResult } from './measuring/experiment-context.ts';
import {
  PROFILE_64,
  type ProfileResult,
  type SetUpResult,
  summaryOf,
} from './measuring/load-profile.ts';
import { sumOf } from './measuring/process-usage.ts';
import { DEFAULT } from './measuring/targets.ts';

const HEAD = [
  ...['set-up', 'load', 'orders/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'errors', 'letters', 'drain s'],
  // The last two are with letters, compared with plain tables.
  ...['÷ baseline', 'with letters', 'by CPU', '÷ plain', 'plain by CPU'],
];

/** All loads of some set-ups: two tables and their explanation. */
export function resultLines(results: SetUpResult[]): string[] {
  if (results.length === 0) return [];
  return [
    ...[...tableOf(results), ''],
    ...results.flatMap((result) => [...costTableOf(result), '']),
    ...results.map(({ name, floorBy }) => `baseline of ${name}: ${floorBy}`),
    ...results.flatMap(({ results: profiles }) =>
      profiles.filter(({ point }) => point.name === PROFILE_64).map(loadCostOf),
    ),
  ];
}

/** A measurement of its own. */
export function experimentLines({ name, lines }: ExperimentResult): string[] {
  return [name, ...lines.map((line) => `  ${line}`), ''];
}

// All of them are in the file.
const VIOLATIONS_SHOWN = 20;

/** Whether all data agree. */
export function reconciliationLines(books: Reconciliation[]): string[] {
  return [
    ...books.map(
      ({ name, orders, how, breaches }) =>
        `reconciliation of ${name}: ${orders} orders, compared ${how}, ${breaches.length} violations`,
    ),
    ...books.flatMap(({ breaches }) =>
      breaches.slice(0, VIOLATIONS_SHOWN).map((breach) => `VIOLATION ${breach}`),
    ),
  ];
}

/** The ratios to both baselines; the last line of the output is the main one. */
export function ratioLines(results: SetUpResult[]): string[] {
  const in64 = results
    .find(({ name }) => name === DEFAULT)
    ?.results.find(({ point }) => point.name === PROFILE_64);
  if (in64 === undefined) return [];
  const { cpuRatio, lettersRatio, plainRatio, plainCpuRatio } = summaryOf(in64);
  return [
    `ratio to plain tables: ${plainRatio.toFixed(2)}, by CPU time: ${partOf(plainCpuRatio)}`,
    `ratio by CPU time: ${partOf(cpuRatio)}`,
    `ratio: ${lettersRatio.toFixed(2)}`,
  ];
}

/** The measurements as a table, with the baseline on top. */
function tableOf(results: SetUpResult[]): string[] {
  return aligned([HEAD, ...results.flatMap((each) => [...baselineRows(each), ...loadRows(each)])]);
}

function baselineRows({ name, floors }: SetUpResult): string[][] {
  const plain = floors.map((round) => round.plain);
  const ratios = [
    ['1', '', '1', '', ''],
    ['', '', '', '1', '1'],
  ];
  return [floors, plain].flatMap((rounds, index) =>
    (['one', 'many'] as const).map((which) => {
      const figures = rounds.map((round) => round[which]);
      const median = (of: (figure: (typeof figures)[number]) => number) =>
        medianOf(figures.map(of));
      return [
        ...[name, `${index === 0 ? 'baseline' : 'plain'}, ${which === 'one' ? '1' : '32'}`],
        median(({ ordersPerS }) => ordersPerS).toFixed(0),
        ...(['p50', 'p99', 'p999'] as const).map((at) =>
          median(({ latency }) => latency[at]).toFixed(1),
        ),
        ...['', '', '', ...(ratios[index] as string[])],
      ];
    }),
  );
}

function loadRows({ name, results }: SetUpResult): string[][] {
  return results.map((result) => {
    const figures = summaryOf(result);
    return [
      ...[name, result.point.name, figures.ordersPerS.toFixed(0)],
      ...[figures.p50, figures.p99, figures.p999].map((ms) => ms.toFixed(1)),
      ...[String(figures.errors), figures.letters.toFixed(0)],
      `${figures.drained ? '' : '>'}${figures.drainSeconds.toFixed(1)}`,
      ...[figures.ordersRatio.toFixed(2), figures.lettersRatio.toFixed(2)],
      ...[partOf(figures.cpuRatio), figures.plainRatio.toFixed(2), partOf(figures.plainCpuRatio)],
    ];
  });
}

/** The CPU cost of each load, by process. */
function costTableOf({ name, results, floors }: SetUpResult): string[] {
  const summaries = results.map((result) => ({ result, ...summaryOf(result) }));
  const processes = [...new Set(summaries.flatMap(({ cpuPer1000 }) => Object.keys(cpuPer1000)))];
  if (processes.length === 0) return [`${name}: no /proc here, so no cost by process`];
  const baselineCpu = medianOf(floors.map(({ cpuPer1000 }) => cpuPer1000));
  const plainCpu = medianOf(floors.map(({ plain }) => plain.cpuPer1000));
  const row = (point: string, unit: string, figures: Record<string, number>, digits: number) => [
    ...[name, point, unit, sumOf(figures).toFixed(digits)],
    ...processes.map((process) => (figures[process] ?? 0).toFixed(digits)),
  ];
  return aligned([
    ['set-up', 'load', 'of', 'all', ...processes],
    [name, 'baseline, 32', CPU, baselineCpu.toFixed(2)],
    [name, 'plain, 32', CPU, plainCpu.toFixed(2)],
    ...summaries.map(({ result, cpuPer1000 }) => row(result.point.name, CPU, cpuPer1000, 2)),
    ...summaries.map(({ result, memoryMb }) => row(result.point.name, 'MB', memoryMb, 0)),
  ]);
}

const CPU = 'CPU s per 1,000';

/** The CPU cost of the load generator itself. */
function loadCostOf({ rounds }: ProfileResult): string {
  const microseconds = rounds.map(({ cpuSeconds, orders }) => (cpuSeconds * 1_000_000) / orders);
  return `the load took ${medianOf(microseconds).toFixed(0)} µs of a processor for a request`;
}

// Unknown without /proc.
const partOf = (ratio: number) => (Number.isFinite(ratio) ? ratio.toFixed(2) : '-');

const FIGURE = /^>?-?[\d.]*$/;

/** Columns: texts to the left, figures to the right. The first row names them. */
function aligned(rows: string[][]): string[] {
  const columns = (rows[0] ?? []).map((_, column) => {
    const cells = rows.map((row) => row[column] ?? '');
    return {
      width: Math.max(...cells.map(({ length }) => length)),
      figures: cells.slice(1).every((cell) => FIGURE.test(cell)),
    };
  });
  return rows.map((row) =>
    columns
      .map(({ width, figures }, column) => {
        const cell = row[column] ?? '';
        return figures ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
