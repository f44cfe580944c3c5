import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { AppError, commonProblems } from '../errors.ts';
import { isRowFault } from '../postgres/errors.ts';
import { createBatcher } from './batcher.ts';

/** Runs that end when the test says so. */
function heldRuns() {
  const runs: { items: number[]; end: () => void; fail: (error: Error) => void }[] = [];
  const run = (items: number[]) => {
    const { promise, resolve, reject } = Promise.withResolvers<number[]>();
    runs.push({ items, end: () => resolve(items.map((item) => item * 10)), fail: reject });
    return promise;
  };
  return { runs, run };
}

function sqlError(state: string): Error {
  return Object.assign(new pg.DatabaseError('refused', 1, 'error'), { code: state });
}

/** Waits until what was given to a batcher runs. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

const LIMITS = { isItemError: isRowFault, batchMax: 3, maxConcurrency: 1, waitingMax: 100 };

test('items of one turn of the event loop go together, and so do those that come during a run', async () => {
  const { runs, run } = heldRuns();
  const batcher = createBatcher({ run, ...LIMITS });
  const results = [batcher(1), Promise.resolve(2).then(batcher)];
  assert.equal(runs.length, 0);
  await nextTurn();
  assert.deepEqual(runs[0]?.items, [1, 2]);
  results.push(batcher(3));
  await nextTurn();
  results.push(batcher(4));
  assert.equal(runs.length, 1);
  runs[0]?.end();
  assert.deepEqual(await Promise.all(results.slice(0, 2)), [10, 20]);
  assert.deepEqual(runs[1]?.items, [3, 4]);
  runs[1]?.end();
  assert.deepEqual(await Promise.all(results), [10, 20, 30, 40]);
  assert.equal(runs.length, 2);
});

test('a run takes no more than its weight, and what is heavier goes alone', async () => {
  const { runs, run } = heldRuns();
  const batcher = createBatcher({ run, ...LIMITS, weightOf: (item) => item, weightMax: 10 });
  const results = [4, 6, 11, 2, 3].map(batcher);
  await nextTurn();
  for (let ended = 0; ended < runs.length; ended++) {
    runs[ended]?.end();
    await nextTurn();
  }
  assert.deepEqual(
    runs.map(({ items }) => items),
    [[4, 6], [11], [2, 3]],
  );
  assert.deepEqual(await Promise.all(results), [40, 60, 110, 20, 30]);
});

test('a run takes no more than its share, and no more run than may', async () => {
  const { runs, run } = heldRuns();
  const batcher = createBatcher({ run, ...LIMITS, maxConcurrency: 2 });
  const results = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(batcher);
  await nextTurn();
  assert.deepEqual(
    runs.map(({ items }) => items),
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  );
  runs[1]?.end();
  await results[4];
  assert.deepEqual(runs[2]?.items, [7, 8, 9]);
  runs[0]?.end();
  await results[0];
  assert.deepEqual(runs[3]?.items, [10, 11]);
  for (const { end } of runs) end();
  assert.deepEqual(await Promise.all(results), [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110]);
});

test('one item that the database refuses does not fail the others of its batch', async () => {
  for (const state of ['23505', '22P05', '55P03', '40P01']) {
    const batcher = createBatcher({
      ...LIMITS,
      run: async (items: number[]) => {
        if (items.includes(2)) throw sqlError(state);
        return items.map((item) => item * 10);
      },
    });
    const results = await Promise.allSettled([0, 1, 2, 3].map(batcher));
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : 'refused')),
      [0, 10, 'refused', 30],
      state,
    );
  }
});

test('a database that is away fails a run once, not once for each item', async () => {
  const away = [sqlError('57P01'), new AppError(commonProblems.unavailable, 'no connection')];
  for (const fault of away) {
    const { runs, run } = heldRuns();
    const batcher = createBatcher({ run, ...LIMITS });
    const results = [1, 2, 3].map(batcher);
    await nextTurn();
    runs[0]?.fail(fault);
    for (const result of results) await assert.rejects(result, fault);
    assert.equal(runs.length, 1);
    // The next one is tried again.
    const next = batcher(4);
    await nextTurn();
    runs[1]?.end();
    assert.equal(await next, 40);
  }
});

test('what would wait behind too many is refused', async () => {
  const { runs, run } = heldRuns();
  const batcher = createBatcher({ run, ...LIMITS, waitingMax: 2 });
  const results = [batcher(1)];
  await nextTurn();
  results.push(batcher(2), batcher(3));
  await assert.rejects(batcher(4), { problem: commonProblems.unavailable });
  runs[0]?.end();
  await results[0];
  runs[1]?.end();
  assert.deepEqual(await Promise.all(results), [10, 20, 30]);
});

test('an item that was queued for too long is refused, not run', async () => {
  const { runs, run } = heldRuns();
  let now = 0;
  const batcher = createBatcher({ run, ...LIMITS, nowMs: () => now });
  const first = batcher(1);
  await nextTurn();
  const late = batcher(2);
  now = 2_000;
  const unhurried = batcher(3);
  now = 2_600;
  runs[0]?.end();
  await assert.rejects(late, { problem: commonProblems.unavailable });
  assert.deepEqual(runs[1]?.items, [3]);
  runs[1]?.end();
  assert.deepEqual(await Promise.all([first, unhurried]), [10, 30]);
});

test('without a limit on the wait no item is refused as late', async () => {
  const { runs, run } = heldRuns();
  let now = 0;
  const batcher = createBatcher({ run, ...LIMITS, waitMaxMs: Infinity, nowMs: () => now });
  const results = [batcher(1)];
  await nextTurn();
  results.push(batcher(2));
  now = 60_000;
  runs[0]?.end();
  await results[0];
  runs[1]?.end();
  assert.deepEqual(await Promise.all(results), [10, 20]);
});

test("no item gets another one's result", async () => {
  const results = [[10, 30, 20], [40]];
  const batcher = createBatcher({
    run: async (_: number[]) => results.shift() as number[],
    isOwn: (item, result) => result === item * 10,
    ...LIMITS,
  });
  const isMixedUp = { name: 'AppError', problem: commonProblems.internal };
  const [first, ...mixed] = [1, 2, 3].map(batcher);
  assert.equal(await first, 10);
  for (const one of mixed) await assert.rejects(one as Promise<number>, isMixedUp);
  assert.equal(await batcher(4), 40);
});

test('too few results are a defect', async () => {
  const batcher = createBatcher({ run: async (items: number[]) => items.slice(1), ...LIMITS });
  await assert.rejects(batcher(1), { problem: commonProblems.internal });
});

test('an item that is run alone after a failure gets no foreign result either', async () => {
  const run = async (items: number[]) => {
    if (items.includes(3) && items.length > 1) throw sqlError('23505');
    return items.map((item) => (item === 2 ? 30 : item * 10));
  };
  const batcher = createBatcher({ run, isOwn: (item, result) => result === item * 10, ...LIMITS });
  const [, second, third] = [1, 2, 3].map(batcher);
  await assert.rejects(second as Promise<number>, { problem: commonProblems.internal });
  assert.equal(await third, 30);
});
