import type { Sample } from './client.ts';

/** What a run came to. */
export interface Report {
  seed: string;
  broker: string;
  seconds: number;
  orders: number;
  samplesCalm: Sample[];
  samplesUnderFaults: Sample[];
  faults: Map<string, number>;
  crashPoints: { hit: number; all: number };
  /** Orders that recovery ended: of those voided, and of those found decided. */
  voided: number;
  recoveryRounds: number;
  /** Copies of events on the topic beyond the first. */
  repeatedEvents: number;
  /** Copies of letters in the mail server beyond the first, and how many may be. */
  doubledLetters: number;
  unknownOutcomes: number;
  /** Longest time from an order's creation to its end. */
  settleMs: number;
  /** From the end of the last fault to rest. */
  quietMs: number;
  violations: string[];
}

const FINAL = [201, 406, 409, 422];

/** The report as lines of a table. */
export function tableOf(report: Report): string[] {
  const { faults, samplesCalm, samplesUnderFaults } = report;
  const samples = [...samplesCalm, ...samplesUnderFaults];
  const byStatus = Map.groupBy(samples, ({ status }) => status);
  const statuses = [...byStatus]
    .sort(([a], [b]) => a - b)
    .map(([status, of]) => `${status === 0 ? 'none' : status}: ${of.length}`);
  const firsts = samplesUnderFaults.filter(({ first }) => first);
  const final = firsts.filter(({ status }) => FINAL.includes(status));
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0);
  const rows: [string, string][] = [
    ['seed', report.seed],
    ['broker', report.broker],
    ['seconds of load', report.seconds.toFixed(0)],
    ['orders', String(report.orders)],
    ['answers', statuses.join(', ')],
    ['first answers that were final, under faults', share(final.length, firsts.length)],
    ['p50 / p99 calm', timesOf(samplesCalm)],
    ['p50 / p99 under faults', timesOf(samplesUnderFaults)],
    ['crash points hit', `${report.crashPoints.hit} of ${report.crashPoints.all}`],
    ['faults', String(total)],
    ...[...faults].sort().map(([kind, count]): [string, string] => [`  ${kind}`, String(count)]),
    ['voided by recovery', String(report.voided)],
    ['rounds of recovery that ended orders', String(report.recoveryRounds)],
    ['repeated events absorbed', String(report.repeatedEvents)],
    ['doubled letters / unknown outcomes', `${report.doubledLetters} / ${report.unknownOutcomes}`],
    ['longest until an order ended', `${(report.settleMs / 1_000).toFixed(1)} s`],
    ['from the last fault to rest', `${(report.quietMs / 1_000).toFixed(1)} s`],
    ['violations', String(report.violations.length)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...report.violations.map((violation) => `VIOLATION ${violation}`),
  ];
}

const share = (part: number, whole: number) =>
  whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} % of ${whole}`;

function timesOf(samples: Sample[]): string {
  // Who hung up measured its own patience.
  const times = samples.filter(({ status }) => status !== 0).map(({ ms }) => ms);
  if (times.length === 0) return '-';
  times.sort((a, b) => a - b);
  const at = (quantile: number) =>
    (times[Math.min(times.length - 1, Math.floor(quantile * times.length))] as number).toFixed(0);
  return `${at(0.5)} / ${at(0.99)} ms`;
}
