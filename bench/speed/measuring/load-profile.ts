import { medianOf } from '#harness/percentiles.ts';
import { pause } from '#platform/async/backoff.ts';
import {
  type BaselineRound,
  type ExperimentContext,
  measureBaseline,
} from './experiment-context.ts';
import { type Measurement, measure } from './measure.ts';
import { sumOf } from './process-usage.ts';

/** A load that is measured. */
export interface LoadProfile {
  name: string;
  connections: number;
  /** All orders of one customer. */
  hotWallet?: boolean;
  /** Orders begin at this part of the rate that the closed loop of PROFILE_64 reached. */
  openAt?: number;
}

export const PROFILE_64 = '64';

// The gateway holds a customer that floods back for 5 s after others have ordered (decision 35).
const OTHERS_FORGOTTEN_MS = 6_000;

export const loadProfiles: LoadProfile[] = [
  ...[1, 8, 32, 64, 128].map((connections) => ({ name: String(connections), connections })),
  { name: 'hot', connections: 64, hotWallet: true },
  // More connections than concurrent orders, so that a due order finds a free one.
  { name: 'open', connections: 128, openAt: 0.7 },
];

/** A measurement with the baseline of the same time. Its members are those of the JSON file. */
export interface ProfileRound extends Measurement {
  floorPerS: number;
  /** Seconds of a processor for 1,000 orders of the baseline. */
  floorCpuPer1000: number;
  /** The same of the baseline on plain tables. */
  plainPerS: number;
  plainCpuPer1000: number;
}

/** All rounds of a load profile. */
export interface ProfileResult {
  point: LoadProfile;
  rounds: ProfileRound[];
}

export interface SetUpResult {
  name: string;
  floorBy: string;
  floors: BaselineRound[];
  results: ProfileResult[];
}

export interface SpeedOptions {
  /** Names of set-ups, in the order in which they are measured. */
  setUps: string[];
  points: LoadProfile[];
  rounds: number;
  /** Of each load. */
  seconds: number;
}

/**
 * Measures all load profiles in turn, round by round: on a shared machine a slow period then affects
 * one round of each profile rather than all rounds of one. The baselines are measured around each round.
 */
export async function measureRounds(
  context: ExperimentContext,
  { points, rounds, seconds }: Omit<SpeedOptions, 'setUps'>,
  say: (line: string) => void,
): Promise<SetUpResult> {
  const results: ProfileResult[] = points.map((point) => ({ point, rounds: [] }));
  const floors = [await measureBaseline(context)];
  for (let round = 1; round <= rounds; round++) {
    const measured = new Map<string, Measurement>();
    for (const { point } of results) {
      const job = jobOf(context, point, measured.get(PROFILE_64)?.ordersPerS);
      if (point.hotWallet) await pause(OTHERS_FORGOTTEN_MS);
      const figures = await measure(context, {
        ...job,
        seconds,
        keyPrefix: `${point.name}-${round}`,
      });
      const rate = figures.ordersPerS.toFixed(0);
      say(`${context.name}, ${point.name}, round ${round} of ${rounds}: ${rate} orders/s`);
      measured.set(point.name, figures);
    }
    floors.push(await measureBaseline(context));
    const [before, after] = floors.slice(-2) as [BaselineRound, BaselineRound];
    const floorsNow = {
      floorPerS: (before.many.ordersPerS + after.many.ordersPerS) / 2,
      floorCpuPer1000: (before.cpuPer1000 + after.cpuPer1000) / 2,
      plainPerS: (before.plain.many.ordersPerS + after.plain.many.ordersPerS) / 2,
      plainCpuPer1000: (before.plain.cpuPer1000 + after.plain.cpuPer1000) / 2,
    };
    for (const result of results) {
      result.rounds.push({ ...(measured.get(result.point.name) as Measurement), ...floorsNow });
    }
  }
  return { name: context.name, floorBy: context.baseline.by, floors, results };
}

function jobOf({ customers }: ExperimentContext, point: LoadProfile, rateAt64: number | undefined) {
  const { connections, hotWallet = false, openAt } = point;
  const job = {
    customers: hotWallet ? customers.filter(({ funded }) => funded).slice(0, 1) : customers,
    connections,
  };
  if (openAt === undefined) return job;
  if (rateAt64 === undefined) throw new Error(`${point.name} needs the rate of ${PROFILE_64}`);
  return { ...job, ordersPerS: openAt * rateAt64 };
}

export type Summary = ReturnType<typeof summaryOf>;

/** The medians of a load profile's rounds; counts of what should not be are sums, memory is the most. */
export function summaryOf({ rounds }: ProfileResult) {
  const median = (figure: (round: ProfileRound) => number) => medianOf(rounds.map(figure));
  const names = Object.keys(rounds[0]?.cpuPer1000 ?? {});
  const byName = (figure: (name: string) => number) =>
    Object.fromEntries(names.map((name) => [name, figure(name)]));
  return {
    ordersPerS: median(({ ordersPerS }) => ordersPerS),
    p50: median(({ latency }) => latency.p50),
    p99: median(({ latency }) => latency.p99),
    p999: median(({ latency }) => latency.p999),
    errors: rounds.reduce((sum, { errors }) => sum + sumOf(errors), 0),
    letters: median(({ letters }) => letters),
    drainSeconds: median(({ drainSeconds }) => drainSeconds),
    drained: rounds.every(({ drained }) => drained),
    // Parts of the baseline: orders while the load ran, and letters included.
    ordersRatio: median(({ ordersPerS, floorPerS }) => ordersPerS / floorPerS),
    lettersRatio: median(({ withLettersPerS, floorPerS }) => withLettersPerS / floorPerS),
    plainRatio: median(({ withLettersPerS, plainPerS }) => withLettersPerS / plainPerS),
    // CPU time per order: steadier than throughput on a shared machine.
    cpuRatio: median(({ floorCpuPer1000, cpuPer1000 }) => floorCpuPer1000 / sumOf(cpuPer1000)),
    plainCpuRatio: median(({ plainCpuPer1000, cpuPer1000 }) => plainCpuPer1000 / sumOf(cpuPer1000)),
    cpuPer1000: byName((name) => median(({ cpuPer1000 }) => cpuPer1000[name] ?? 0)),
    memoryMb: byName((name) => Math.max(...rounds.map(({ memoryMb }) => memoryMb[name] ?? 0))),
  };
}
