import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLoop } from './loop.ts';

const HOUR_MS = 3_600_000;
const retry = { firstMs: 1, maxMs: 1 };

/** A loop whose rounds the test waits for. */
function countingLoop(round: (number: number) => Promise<number> | number) {
  const warnings: string[] = [];
  const seen: PromiseWithResolvers<void>[] = [];
  const nth = (number: number) => (seen[number] ??= Promise.withResolvers<void>());
  let rounds = 0;
  const loop = startLoop({
    name: 'counting',
    log: { warn: (_context: unknown, message: string) => warnings.push(message) } as never,
    retry,
    async round() {
      rounds += 1;
      nth(rounds).resolve();
      return round(rounds);
    },
  });
  return { loop, warnings, round: (number: number) => nth(number).promise, count: () => rounds };
}

test('a notification ends the wait for the next round', async () => {
  const { loop, round } = countingLoop(() => HOUR_MS);
  await round(1);
  loop.notify();
  await round(2);
  await loop.close();
});

test('a notification during a round starts the next one right after it', async () => {
  const held = Promise.withResolvers<number>();
  const { loop, round } = countingLoop((number) => (number === 1 ? held.promise : HOUR_MS));
  await round(1);
  loop.notify();
  held.resolve(HOUR_MS);
  await round(2);
  await loop.close();
});

test('a failed round is logged and repeated', async () => {
  const { loop, round, warnings } = countingLoop((number) => {
    if (number < 3) throw new Error(['', 'broken', 'broken again'][number]);
    return HOUR_MS;
  });
  await round(3);
  await loop.close();
  assert.deepEqual(warnings, ['counting: broken', 'counting: broken again']);
});

test('close waits for the round under way and starts no other', async () => {
  const held = Promise.withResolvers<number>();
  const { loop, round, count } = countingLoop(() => held.promise);
  await round(1);
  let closed = false;
  const closing = loop.close().then(() => {
    closed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(closed, false);
  held.resolve(0);
  await closing;
  assert.equal(count(), 1);
});
