import { medianOf } from '#harness/percentiles.ts';
import { PROFILE_64, type SetUpResult, type Summary, summaryOf } from './load-profile.ts';
import { DRAIN_FREE_S } from './measure.ts';

/** A target, and how far it was reached. */
export interface Target {
  text: string;
  /** The measured value. */
  found: string;
  met: boolean;
}

/** The set-ups of a run. */
export const DEFAULT = 'default';
export const ORDERS_ALONE = 'orders alone';
export const KAFKA = 'kafka';

/** The targets of these measurements. None of them fails a run. */
export function targetsOf(results: SetUpResult[]): Target[] {
  const summaries = new Map(
    results.flatMap(({ name, results: profiles }) =>
      profiles.map((result) => [`${name} ${result.point.name}`, summaryOf(result)] as const),
    ),
  );
  const at = (name: string, point: string) => summaries.get(`${name} ${point}`);
  const one = results.find(({ name }) => name === DEFAULT)?.floors.map((each) => each.one) ?? [];
  const baselineP50 = medianOf(one.map(({ latency }) => latency.p50));
  const in64 = at(DEFAULT, PROFILE_64);
  return [
    ...given(in64, (it) => lettersTarget(DEFAULT, it, 0.35)),
    ...given(in64, (it) => lettersTarget(`${DEFAULT}, the goal`, it, 0.5)),
    ...given(in64, (it) => plainTarget(DEFAULT, it, 0.5)),
    ...given(in64, (it) => plainTarget(`${DEFAULT}, the goal`, it, 1)),
    ...given(at(ORDERS_ALONE, PROFILE_64), ({ ordersRatio }) =>
      atLeast(`${ORDERS_ALONE}, 64 connections, ÷ baseline`, ordersRatio, 0.55),
    ),
    ...given(at(KAFKA, PROFILE_64), (it) => lettersTarget(KAFKA, it, 0.25)),
    ...given(at(DEFAULT, '1'), ({ p50 }) =>
      atMost(`${DEFAULT}, 1 connection, p50 ÷ the baseline's`, p50 / baselineP50, 3),
    ),
    ...given(at(DEFAULT, '32'), ({ p50, p99 }) =>
      atMost(`${DEFAULT}, 32 connections, p99 ÷ p50`, p99 / p50, 3),
    ),
    ...hotWalletTarget(results.find(({ name }) => name === DEFAULT)),
  ];
}

/** Round by round, since a machine that others use too is not equally fast in all of them. */
function hotWalletTarget(result: SetUpResult | undefined): Target[] {
  const roundsOf = (name: string) =>
    result?.results.find(({ point }) => point.name === name)?.rounds ?? [];
  const [hot, many] = [roundsOf('hot'), roundsOf(PROFILE_64)];
  if (hot.length === 0 || many.length === 0) return [];
  const shares = hot.map(({ ordersPerS }, round) => ordersPerS / (many[round]?.ordersPerS ?? 0));
  return [atLeast(`${DEFAULT}, one hot wallet ÷ 1,000 wallets`, medianOf(shares), 0.7)];
}

/** Where a load profile was measured, its target. */
function given(summary: Summary | undefined, target: (summary: Summary) => Target): Target[] {
  return summary === undefined ? [] : [target(summary)];
}

const LETTERS_IN_64 = '64 connections with letters';

function lettersTarget(name: string, summary: Summary, least: number): Target {
  const what = `${name}, ${LETTERS_IN_64}, ÷ baseline`;
  return drainedToo(atLeast(what, summary.lettersRatio, least), summary);
}

function plainTarget(name: string, summary: Summary, least: number): Target {
  const what = `${name}, ${LETTERS_IN_64}, ÷ plain tables`;
  return drainedToo(atLeast(what, summary.plainRatio, least), summary);
}

function drainedToo(target: Target, { drainSeconds, drained }: Summary): Target {
  return {
    text: `${target.text}, drained in ${DRAIN_FREE_S} s`,
    found: `${target.found}, ${drainSeconds.toFixed(1)} s`,
    met: target.met && drained && drainSeconds <= DRAIN_FREE_S,
  };
}

export function atLeast(what: string, found: number, least: number): Target {
  return { text: `${what} ≥ ${least}`, found: rounded(found), met: found >= least };
}

export function atMost(what: string, found: number, most: number): Target {
  return { text: `${what} ≤ ${most}`, found: rounded(found), met: found <= most };
}

const rounded = (figure: number) => figure.toFixed(Math.abs(figure) < 100 ? 2 : 0);

export function targetLines(targets: Target[]): string[] {
  return targets.map(({ text, found, met }) => `${met ? 'met    ' : 'not met'}  ${text}: ${found}`);
}
