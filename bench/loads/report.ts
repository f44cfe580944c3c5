import type { LoadReport } from '../speed/load/load-process.ts';
import type { Measured } from './measure.ts';

// "A flood keeps the others' latency within twice."
const RATIO_MAX = 2;
const KINDS_SHOWN = 6;

export const failedOrders = ({ under, calm }: Measured): number =>
  [under, calm].flatMap(({ errors }) => Object.values(errors)).reduce((sum, n) => sum + n, 0);

/** NaN where no order succeeded. */
const ratioOf = ({ under, calm }: Measured): number =>
  Math.min(under.orders, calm.orders) === 0 ? Number.NaN : under.latency.p99 / calm.latency.p99;

export const isSlow = (measured: Measured): boolean => !(ratioOf(measured) <= RATIO_MAX);

/** The table, in Markdown. */
export function tableLines(all: Measured[]): string[] {
  const titles = [
    ...['load', 'calm p50 / p99, ms', 'under it p50 / p99, ms', 'ratio of p99', 'failed orders'],
    ...['`/livez` at worst, ms', 'what the load got', 'memory, MB', 'open files', 'stop under it'],
  ];
  const rows = all.map((measured) => [
    measured.load.title,
    latency(measured.calm),
    latency(measured.under),
    Number.isNaN(ratioOf(measured)) ? '–' : ratioOf(measured).toFixed(1),
    failures(measured),
    measured.aliveMs.toFixed(0),
    gotText(measured.got),
    figures(measured, 'memoryMb'),
    figures(measured, 'openFiles'),
    measured.stop,
  ]);
  return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

const latency = ({ orders, latency: { p50, p99 } }: LoadReport): string =>
  // NaN is null in the JSON that the process of the load sends.
  orders === 0 ? '–' : `${p50.toFixed(0)} / ${p99.toFixed(0)}`;

function failures(measured: Measured): string {
  const { orders, errors } = measured.under;
  const failed = failedOrders(measured);
  if (failed === 0) return `0 of ${orders}`;
  const kinds = Object.entries(errors).map(([status, count]) => `${count} × ${status}`);
  return `${failed} of ${orders + failed} (${kinds.join(', ')})`;
}

function gotText(got: Record<string, number>): string {
  const kinds = Object.entries(got).sort(([, a], [, b]) => b - a);
  const shown = kinds.slice(0, KINDS_SHOWN).map(([what, count]) => `${count} × ${what}`);
  return shown.join(', ') || 'nothing';
}

function figures({ before, peak, after }: Measured, name: 'memoryMb' | 'openFiles'): string {
  if (before === undefined) return '–';
  return `${before[name]} → ${peak?.[name] ?? '?'} → ${after?.[name] ?? '?'}`;
}
