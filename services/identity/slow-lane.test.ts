import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSlowLane } from './slow-lane.ts';

const count = (passed: boolean[]) => passed.filter(Boolean).length;

test('as many attempts wait at a time as an account has places, whichever they are', async () => {
  const lane = createSlowLane({ perAccount: 2, inAll: 10 });
  const winners = new Set<number>();
  for (let round = 0; round < 200 && winners.size < 5; round++) {
    const passed = await Promise.all(Array.from({ length: 5 }, () => lane.wait('anna', 1)));
    assert.equal(count(passed), 2);
    for (const [index, one] of passed.entries()) if (one) winners.add(index);
  }
  // Neither the first nor the last ones are always the winners: an attacker cannot keep all places.
  assert.equal(winners.size, 5);
});

test('attempts at many accounts take places of the account with the most', async () => {
  const lane = createSlowLane({ perAccount: 4, inAll: 6 });
  const waiting = ['anna', 'anna', 'anna', 'anna', 'boris', 'boris', 'clara'].map(async (name) => ({
    name,
    passed: await lane.wait(name, 20),
  }));
  const results = await Promise.all(waiting);
  const passedOf = (one: string) =>
    count(results.filter((r) => r.name === one).map((r) => r.passed));
  assert.deepEqual(['anna', 'boris', 'clara'].map(passedOf), [3, 2, 1]);
  assert.equal(await lane.wait('dora', 1), true);
});
