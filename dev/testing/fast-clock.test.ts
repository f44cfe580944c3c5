import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spawnNode } from '#harness/child-process.ts';

const CLOCK = new URL('fast-clock.ts', import.meta.url).href;

/** Runs a program whose clocks are replaced. @returns what it printed, as JSON */
async function withFastClock(text: string): Promise<unknown> {
  const { exited, printed } = spawnNode([
    '--input-type=module',
    '--eval',
    `import { setTimeout as pause } from 'node:timers/promises';
     import { installFastClock } from ${JSON.stringify(CLOCK)};
     const clock = installFastClock();
     const HOUR = 3_600_000;
     const real = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
     ${text}`,
  ]);
  assert.equal(await exited, 0, printed());
  return JSON.parse(printed('stdout'));
}

test('the wall clock and the monotonic clock go ahead together', async () => {
  const ahead = await withFastClock(`
    const [wall, monotonic] = [Date.now(), performance.now()];
    await clock.advance(HOUR);
    const seen = [Date.now() - wall, new Date().getTime() - wall, performance.now() - monotonic];
    console.log(JSON.stringify({
      hours: seen.map((ms) => Math.floor(ms / HOUR)),
      given: new Date(5).getTime(), isDate: new Date() instanceof Date, utc: Date.UTC(1970, 0, 1),
    }));`);
  assert.deepEqual(ahead, { hours: [1, 1, 1], given: 5, isDate: true, utc: 0 });
});

test('waits that are due end in their order, and others go on', async () => {
  const seen = await withFastClock(`
    const seen = [];
    const keep = setTimeout(() => seen.push('in two hours'), 2 * HOUR);
    setTimeout((word) => seen.push(word), HOUR / 2, 'second');
    setTimeout(() => seen.push('first'), HOUR / 4);
    const cleared = setTimeout(() => seen.push('cleared'), HOUR / 4);
    void pause(HOUR / 3, 'paused').then((value) => seen.push(value));
    const interval = setInterval(() => seen.push('repeated'), HOUR / 1.5);
    const stop = new AbortController();
    void pause(HOUR / 4, null, { signal: stop.signal }).catch(({ name }) => seen.push(name));
    await real(1_100);
    clearTimeout(cleared);
    stop.abort();
    await clock.advance(HOUR);
    await real(10);
    await clock.advance(HOUR / 2);
    await real(10);
    clearTimeout(keep);
    clearInterval(interval);
    console.log(JSON.stringify(seen));`);
  assert.deepEqual(seen, ['AbortError', 'first', 'paused', 'second', 'repeated']);
});

test('the time limit of young work does not end it, and that of old work does', async () => {
  const seen = await withFastClock(`
    const seen = [];
    const young = setTimeout(() => seen.push('young failed'), HOUR);
    await clock.advance(HOUR);
    await real(10);
    clearTimeout(young);
    setTimeout(() => seen.push('hanging'), HOUR);
    await clock.advance(HOUR);
    await real(10);
    seen.push('later');
    await real(1_500);
    console.log(JSON.stringify(seen));`);
  assert.deepEqual(seen, ['later', 'hanging']);
});
