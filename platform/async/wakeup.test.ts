import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBell } from './wakeup.ts';

const FOR_EVER_MS = 2 ** 31 - 1;

test('a ring ends the wait, and one before it counts too, but once', async (t) => {
  const bell = createBell();
  const waiting = bell.wait(FOR_EVER_MS);
  bell.ring();
  await waiting;
  bell.ring();
  bell.ring();
  await bell.wait(FOR_EVER_MS);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let over = false;
  const unrung = bell.wait(500).then(() => {
    over = true;
  });
  await Promise.resolve();
  assert.equal(over, false);
  t.mock.timers.tick(500);
  await unrung;
});
