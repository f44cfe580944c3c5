import { percentilesOf } from '#harness/percentiles.ts';
import type { Client, Sample } from '../load/client.ts';
import { alarmViolations, type Phase } from '../system/alarms.ts';
import type { SystemUnderTest } from '../system/system.ts';
import { finalShare } from './check.ts';

export type Report = ReturnType<typeof newReport>;

/** The results of a run, also of one in progress. */
export function newReport(seed: string, points: number) {
  return {
    seed,
    /** In which it ended. */
    phase: 'start' as Phase,
    broker: 'none',
    /** Of load. */
    seconds: 0,
    orders: 0,
    samplesCalm: [] as Sample[],
    samplesUnderFaults: [] as Sample[],
    faults: new Map<string, number>(),
    crashPoints: { hit: 0, all: points },
    /** Orders that recovery ended: of those voided, and of those found decided. */
    voided: 0,
    recoveryRounds: 0,
    /** Copies of events on the topic beyond the first. */
    repeatedEvents: 0,
    /** Copies of letters in the mail server beyond the first, and how many may be. */
    doubledLetters: 0,
    unknownOutcomes: 0,
    /** Longest time from an order's creation to its end. */
    settleMs: 0,
    /** From the end of the last fault to rest and the check's end. */
    quietMs: 0,
    violations: [] as string[],
    /** While it runs: what it has seen and not written down above yet. */
    live: undefined as { system: SystemUnderTest; client: Client } | undefined,
  };
}

/** The report of a run that ended early: its progress, answers and violations so far. */
export function unfinishedOf({ live, ...report }: Report): string[] {
  const { client, system } = live ?? {};
  const samples = client?.samples ?? [];
  const lines = [
    `ended early, phase ${report.phase}`,
    `crash points hit ${report.crashPoints.hit} of ${report.crashPoints.all}`,
    `answers ${statusesOf(samples)}`,
    `faults ${[...report.faults].map(([kind, count]) => `${kind}: ${count}`).join(', ') || 'none'}`,
    'not reconciled',
  ];
  const violations = [
    ...report.violations,
    ...alarmViolations(system?.alarms ?? []),
    ...(system?.unexpectedExits ?? []),
    ...(client?.misreads ?? []),
  ];
  return [...lines, ...violations.map((violation) => `VIOLATION ${violation}`)];
}

function statusesOf(samples: Sample[]): string {
  const byStatus = [...Map.groupBy(samples, ({ status }) => status)].sort(([a], [b]) => a - b);
  const counted = byStatus.map(([status, of]) => `${status === 0 ? 'none' : status}: ${of.length}`);
  return counted.join(', ') || 'none';
}

/** The report as lines of a table. */
export function tableOf(report: Report): string[] {
  const { faults, samplesCalm, samplesUnderFaults } = report;
  const samples = [...samplesCalm, ...samplesUnderFaults];
  const { final, all } = finalShare(samplesUnderFaults);
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0);
  const rows: [string, string][] = [
    ['seed', report.seed],
    ['broker', report.broker],
    ['seconds of load', report.seconds.toFixed(0)],
    ['orders', String(report.orders)],
    ['answers', statusesOf(samples)],
    ['first answers that were final, under faults', share(final, all)],
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
    ['from the last fault to rest and check', `${(report.quietMs / 1_000).toFixed(1)} s`],
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
  // A client that hung up measured only how long it waited.
  const times = samples.filter(({ status }) => status !== 0).map(({ ms }) => ms);
  if (times.length === 0) return '-';
  const { p50, p99 } = percentilesOf(times);
  return `${p50.toFixed(0)} / ${p99.toFixed(0)} ms`;
}
