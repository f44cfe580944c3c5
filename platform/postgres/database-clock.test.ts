import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDatabaseClock } from './database-clock.ts';

test('the time is that of the database, not of this machine', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  /** The two clocks, and how an answer comes: after `lateMs`, and made `agoMs` before it came. */
  const state = { ms: 5_000_000, monotonic: 100, lateMs: 40, agoMs: 30 };
  const pass = (ms: number) => {
    state.ms += ms;
    state.monotonic += ms;
  };
  const database = {
    async query() {
      pass(state.lateMs);
      return { rows: [{ ms: String(state.ms - state.agoMs) }] };
    },
  };
  const clock = await startDatabaseClock(
    database as never,
    { warn: () => {} },
    () => state.monotonic,
  );
  t.after(() => clock.close());
  const behindMs = () => state.ms - clock.now().getTime();
  async function nextLook() {
    t.mock.timers.tick(10_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  // As if the answer had been made just when it came: never ahead of the database.
  assert.equal(behindMs(), 30);
  pass(500);
  assert.equal(behindMs(), 30);
  // A slow answer that agrees changes nothing.
  Object.assign(state, { lateMs: 900, agoMs: 800 });
  await nextLook();
  assert.equal(behindMs(), 30);
  // A quick one says more.
  Object.assign(state, { lateMs: 10, agoMs: 0 });
  await nextLook();
  assert.equal(behindMs(), 0);
  // The process was suspended for an hour, or the database's clock was set: on, and back.
  for (const ms of [3_600_000, -1_000_000]) {
    state.ms += ms;
    await nextLook();
    assert.equal(behindMs(), 0);
  }
});
