import type { FloorFigures } from './floor.ts';
import type { Measurement } from './measure.ts';

/** A row of the table: what was measured, and where. */
export interface Line {
  setUp: string;
  point: string;
  figures: Measurement;
}

/** The floor as lines for people. */
export function floorLines(by: string, figures: { connections: number; floor: FloorFigures }[]) {
  return figures.map(({ connections, floor: { ordersPerS, latency } }) => {
    const times = `p50 ${latency.p50.toFixed(2)} ms, p99 ${latency.p99.toFixed(2)} ms`;
    return `floor, ${by}, ${connections} connections: ${ordersPerS.toFixed(0)} orders/s, ${times}`;
  });
}

/** The measurements as a table. @param floorPerS orders/s of the floor */
export function tableOf(lines: Line[], floorPerS: number): string[] {
  const head = [
    ...['set-up', 'load', 'orders/s', 'p50', 'p99', 'p99.9', 'errors', 'drain s', 'letters/s'],
    ...['orders ÷ floor', 'letters ÷ floor'],
  ];
  const rows = lines.map(({ setUp, point, figures }) => [
    ...[setUp, point, figures.ordersPerS.toFixed(0)],
    ...[figures.latency.p50, figures.latency.p99, figures.latency.p999].map((ms) => ms.toFixed(1)),
    String(Object.values(figures.errors).reduce((sum, count) => sum + count, 0)),
    `${figures.drained ? '' : '> '}${figures.drainSeconds.toFixed(1)}`,
    figures.withLettersPerS.toFixed(0),
    (figures.ordersPerS / floorPerS).toFixed(2),
    (figures.withLettersPerS / floorPerS).toFixed(2),
  ]);
  return aligned([head, ...rows]);
}

/** What a measurement cost, by process. */
export function costLines({ cpuPer1000, memoryMb }: Measurement): string[] {
  const rows = Object.keys(cpuPer1000)
    .map((name) => [name, cpuPer1000[name] ?? 0, memoryMb[name] ?? 0] as const)
    .sort(([, a], [, b]) => b - a)
    .map(([name, cpu, memory]) => [name, cpu.toFixed(2), memory.toFixed(0)]);
  return aligned([['process', 'CPU s per 1,000 orders', 'MB'], ...rows]);
}

/** Columns: text to the left, figures to the right. */
function aligned(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] as number;
        return /^[^\d>-]/.test(rows[1]?.[column] ?? cell)
          ? cell.padEnd(width)
          : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
