import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSlots } from './slots.ts';

test('so much work runs at a time, and the rest in the order in which it came', async () => {
  const inSlot = createSlots(2);
  const begun: number[] = [];
  const ends = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
  const works = ends.map((end, index) =>
    inSlot(() => {
      begun.push(index);
      return end.promise;
    }),
  );
  assert.deepEqual(begun, [0, 1]);
  ends[1]?.resolve(1);
  assert.equal(await works[1], 1);
  assert.deepEqual(begun, [0, 1, 2]);
  for (const [index, end] of ends.entries()) end.resolve(index);
  assert.deepEqual(await Promise.all(works), [0, 1, 2, 3, 4]);
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
});

test('work that fails gives its slot to the next', async () => {
  const inSlot = createSlots(1);
  const failed = inSlot(() => Promise.reject(new Error('broken')));
  const next = inSlot(async () => 'done');
  await assert.rejects(failed, /broken/);
  assert.equal(await next, 'done');
  assert.equal(await inSlot(async () => 'again'), 'again');
});
