import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWakeup } from './wakeup.ts';

const FOR_EVER_MS = 2 ** 31 - 1;

test('a notify ends the wait, and one before it counts too, but once', async (t) => {
  const wakeup = createWakeup();
  const waiting = wakeup.wait(FOR_EVER_MS);
  wakeup.notify();
  await waiting;
  wakeup.notify();
  wakeup.notify();
  await wakeup.wait(FOR_EVER_MS);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let over = false;
  const unrung = wakeup.wait(500).then(() => {
    over = true;
  });
  await Promise.resolve();
  assert.equal(over, false);
  t.mock.timers.tick(500);
  await unrung;
});
