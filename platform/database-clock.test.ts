import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDatabaseClock } from './database-clock.ts';

/** A database whose clock shows `ms`, and which answers `lateMs` after it was asked. */
function databaseAt(clock: { ms: number; lateMs: number; monotonic: number }) {
  return {
    async query() {
      clock.monotonic += clock.lateMs;
      return { rows: [{ ms: String(clock.ms) }] };
    },
  } as never;
}

const log = { warn: () => {} };

test('the time is that of the database, whatever the clock of this machine shows', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const state = { ms: 5_000_000, lateMs: 40, monotonic: 100 };
  const clock = await startDatabaseClock(databaseAt(state), log, () => state.monotonic);
  t.after(() => clock.close());
  // The middle of the time that the answer took.
  assert.equal(clock.now().getTime(), 5_000_020);
  state.monotonic += 500;
  assert.equal(clock.now().getTime(), 5_000_520);

  const turn = () => new Promise((resolve) => setImmediate(resolve));
  // A slow answer that agrees changes nothing.
  Object.assign(state, { ms: 5_000_600, lateMs: 900 });
  t.mock.timers.tick(10_000);
  await turn();
  assert.equal(clock.now().getTime(), 5_001_420);
  // The process was suspended for an hour, in which its own clock stood still.
  Object.assign(state, { ms: 8_600_000, lateMs: 0 });
  t.mock.timers.tick(10_000);
  await turn();
  assert.equal(clock.now().getTime(), 8_600_000);
});
