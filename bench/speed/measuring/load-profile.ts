import { medianOf } from '../load/percentiles.ts';
import type { Bench, FloorRound } from './experiment-context.ts';
import { type Measurement, measure } from './measure.ts';
import { sumOf } from './process-usage.ts';

/** A load that is measured. */
export interface Point {
  name: string;
  connections: number;
  /** All orders of one customer. */
  hotWallet?: boolean;
  /** Orders begin at this part of the rate that the closed loop of POINT_64 reached. */
  openAt?: number;
}

export const POINT_64 = '64';

export const points: Point[] = [
  ...[1, 8, 32, 64, 128].map((connections) => ({ name: String(connections), connections })),
  { name: 'hot', connections: 64, hotWallet: true },
  // More connections than orders under way: one that comes due should find one free.
  { name: 'open', connections: 128, openAt: 0.7 },
];

/** A measurement beside the floor of the same time. */
export interface PointRound extends Measurement {
  floorPerS: number;
  /** Seconds of a processor for 1,000 orders of the floor. */
  floorCpuPer1000: number;
}

/** All rounds of a point. */
export interface PointResult {
  point: Point;
  rounds: PointRound[];
}

export interface SetUpResult {
  name: string;
  floorBy: string;
  floors: FloorRound[];
  results: PointResult[];
}

export interface RoundsOptions {
  points: Point[];
  rounds: number;
  /** Of each load. */
  seconds: number;
  measureFloor: () => Promise<FloorRound>;
  say: (line: string) => void;
}

/**
 * Measures all points in turn, and again: a machine that others use too is slower for a while, which
 * then meets one round of each rather than all of one. The floor is measured around each round.
 */
export async function measureRounds(bench: Bench, options: RoundsOptions): Promise<SetUpResult> {
  const { rounds, seconds, measureFloor, say } = options;
  const results: PointResult[] = options.points.map((point) => ({ point, rounds: [] }));
  const floors = [await measureFloor()];
  for (let round = 1; round <= rounds; round++) {
    const measured = new Map<string, Measurement>();
    for (const { point } of results) {
      const job = jobOf(bench, point, measured.get(POINT_64)?.ordersPerS);
      const figures = await measure(bench, {
        ...job,
        seconds,
        keyPrefix: `${point.name}-${round}`,
      });
      const rate = figures.ordersPerS.toFixed(0);
      say(`${bench.name}, ${point.name}, round ${round} of ${rounds}: ${rate} orders/s`);
      measured.set(point.name, figures);
    }
    floors.push(await measureFloor());
    const [before, after] = floors.slice(-2) as [FloorRound, FloorRound];
    const floorPerS = (before.many.ordersPerS + after.many.ordersPerS) / 2;
    const floorCpuPer1000 = (before.cpuPer1000 + after.cpuPer1000) / 2;
    for (const result of results) {
      const figures = measured.get(result.point.name) as Measurement;
      result.rounds.push({ ...figures, floorPerS, floorCpuPer1000 });
    }
  }
  return { name: bench.name, floorBy: bench.floor.by, floors, results };
}

function jobOf({ customers }: Bench, point: Point, rateAt64: number | undefined) {
  const { connections, hotWallet = false, openAt } = point;
  const job = {
    customers: hotWallet ? customers.filter(({ funded }) => funded).slice(0, 1) : customers,
    connections,
  };
  if (openAt === undefined) return job;
  if (rateAt64 === undefined) throw new Error(`${point.name} needs the rate of ${POINT_64}`);
  return { ...job, ordersPerS: openAt * rateAt64 };
}

/** The medians of a point's rounds; counts of what should not be are sums, memory is the most. */
export interface Summary {
  ordersPerS: number;
  p50: number;
  p99: number;
  p999: number;
  errors: number;
  letters: number;
  drainSeconds: number;
  drained: boolean;
  /** Parts of the floor: orders while the load ran, and letters included. */
  ordersRatio: number;
  lettersRatio: number;
  /** The same by the processors' time of each order alone: steadier where others use them too. */
  cpuRatio: number;
  cpuPer1000: Record<string, number>;
  memoryMb: Record<string, number>;
}

export function summaryOf({ rounds }: PointResult): Summary {
  const median = (figure: (round: PointRound) => number) => medianOf(rounds.map(figure));
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
    ordersRatio: median(({ ordersPerS, floorPerS }) => ordersPerS / floorPerS),
    lettersRatio: median(({ withLettersPerS, floorPerS }) => withLettersPerS / floorPerS),
    cpuRatio: median(({ floorCpuPer1000, cpuPer1000 }) => floorCpuPer1000 / sumOf(cpuPer1000)),
    cpuPer1000: byName((name) => median(({ cpuPer1000 }) => cpuPer1000[name] ?? 0)),
    memoryMb: byName((name) => Math.max(...rounds.map(({ memoryMb }) => memoryMb[name] ?? 0))),
  };
}
