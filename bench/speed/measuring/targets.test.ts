import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadProfiles, type ProfileRound, type SetUpResult, summaryOf } from './load-profile.ts';
import { DEFAULT, targetsOf } from './targets.ts';

const percentiles = { p50: 1, p99: 2, p999: 3, max: 4 };
const baseline = { ordersPerS: 1_000, latency: percentiles };
const round: ProfileRound = {
  errors: {},
  samples: [],
  seconds: 10,
  orders: 5_000,
  cpuSeconds: 1,
  latency: percentiles,
  ordersPerS: 500,
  withLettersPerS: 500,
  letters: 5_000,
  drainSeconds: 1,
  drained: true,
  cpuPer1000: { start: 1, postgres: 1 },
  memoryMb: { start: 100, postgres: 50 },
  floorPerS: 1_000,
  floorCpuPer1000: 1,
  plainPerS: 2_000,
  plainCpuPer1000: 0.5,
};
const floor = { many: baseline, one: baseline, cpuPer1000: 1 };

function resultOf(rounds: Record<string, Partial<ProfileRound>[]>): SetUpResult {
  return {
    name: DEFAULT,
    floorBy: 'pgbench',
    floors: [{ ...floor, plain: floor }],
    results: loadProfiles
      .filter(({ name }) => name in rounds)
      .map((point) => ({
        point,
        rounds: (rounds[point.name] ?? []).map((changes) => ({ ...round, ...changes })),
      })),
  };
}

const metOf = (result: SetUpResult, text: string) =>
  targetsOf([result])
    .filter((target) => target.text.includes(text))
    .map(({ met }) => met);

test('a round is compared with the baseline of its own time, and the middle round counts', () => {
  const [result] = resultOf({
    64: [{ floorPerS: 500 }, { floorPerS: 1_250 }, { floorPerS: 5_000 }],
  }).results;
  assert.ok(result);
  const { ordersRatio, lettersRatio, cpuRatio } = summaryOf(result);
  assert.deepEqual(
    { ordersRatio, lettersRatio, cpuRatio },
    {
      ordersRatio: 0.4,
      lettersRatio: 0.4,
      cpuRatio: 0.5,
    },
  );
});

test('a round is also compared with plain tables, for which the target is higher', () => {
  const result = resultOf({ 64: [{}, { plainPerS: 400 }, { plainPerS: 1_000 }] });
  const [in64] = result.results;
  assert.ok(in64);
  const { plainRatio, plainCpuRatio } = summaryOf(in64);
  assert.deepEqual({ plainRatio, plainCpuRatio }, { plainRatio: 0.5, plainCpuRatio: 0.25 });
  assert.deepEqual(metOf(result, '÷ plain tables'), [true, false]);
  const late = resultOf({ 64: [{ plainPerS: 400, drainSeconds: 2.1 }] });
  assert.deepEqual(metOf(late, '÷ plain tables'), [false, false]);
});

test('the summary counts the errors of all rounds and the letters that a round left unsent', () => {
  const [result] = resultOf({ 64: [{ errors: { 503: 2 } }, { drained: false }, {}] }).results;
  assert.ok(result);
  assert.equal(summaryOf(result).errors, 2);
  assert.equal(summaryOf(result).drained, false);
});

test('letters that come late miss the target, however fast the orders were', () => {
  const name = '64 connections with letters, ÷ baseline ≥ 0.35';
  assert.deepEqual(metOf(resultOf({ 64: [{}] }), name), [true]);
  assert.deepEqual(metOf(resultOf({ 64: [{ drainSeconds: 2.1 }] }), name), [false]);
  assert.deepEqual(metOf(resultOf({ 64: [{ drained: false }] }), name), [false]);
  assert.deepEqual(metOf(resultOf({ 64: [{ withLettersPerS: 349 }] }), name), [false]);
});

test('the hot wallet is compared with many wallets round by round', () => {
  const hot = [{ ordersPerS: 80 }, { ordersPerS: 800 }, { ordersPerS: 8 }];
  const many = [{ ordersPerS: 100 }, { ordersPerS: 1_000 }, { ordersPerS: 10 }];
  assert.deepEqual(metOf(resultOf({ hot, 64: many }), 'hot wallet'), [true]);
  const uneven = [{ ordersPerS: 200 }, { ordersPerS: 2_000 }, { ordersPerS: 10 }];
  assert.deepEqual(metOf(resultOf({ hot, 64: uneven }), 'hot wallet'), [false]);
  assert.deepEqual(metOf(resultOf({ 64: many }), 'hot wallet'), [], 'not measured, no word of it');
});
