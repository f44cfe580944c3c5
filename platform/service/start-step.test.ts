import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startStep } from './start-step.ts';

const options = {
  say: () => {},
  isTransient: (error: unknown) => (error as Error).message === 'busy',
};

test('a step of a start is repeated while its faults are transient', async () => {
  let tries = 0;
  const done = await startStep(
    'the database',
    async () => {
      tries += 1;
      if (tries < 3) throw new Error('busy');
      return 'done';
    },
    options,
  );
  assert.equal(done, 'done');
  assert.equal(tries, 3);
});

test('another fault ends the start at once, as it is', async () => {
  let tries = 0;
  const work = async () => {
    tries += 1;
    throw new Error('wrong password');
  };
  await assert.rejects(startStep('the database', work, options), { message: 'wrong password' });
  assert.equal(tries, 1);
});

test('a step that is never done is given up, with its last fault', async () => {
  const work = async () => {
    throw new Error('busy');
  };
  await assert.rejects(startStep('the database', work, { ...options, waitMs: 300 }), (error) => {
    assert.equal((error as Error).message, 'waited 0.3 s for the database');
    assert.equal(((error as Error).cause as Error).message, 'busy');
    return true;
  });
});

test('an end of the start ends the repetition', async () => {
  const stop = new AbortController();
  const work = async () => {
    stop.abort(new Error('Ctrl-C'));
    throw new Error('busy');
  };
  await assert.rejects(startStep('the database', work, { ...options, signal: stop.signal }), {
    message: 'Ctrl-C',
  });
});

test('a step that takes long says what it waits for, ever more rarely', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const lines: string[] = [];
  const hangs = Promise.withResolvers<void>();
  const done = startStep('the database', () => hangs.promise, {
    ...options,
    say: (line) => lines.push(line),
  });
  for (let second = 0; second < 60; second++) t.mock.timers.tick(1_000);
  hangs.resolve();
  await done;
  t.mock.timers.tick(60_000);
  assert.deepEqual(
    lines,
    [5, 10, 20, 40].map((seconds) => `Still starting (${seconds} s): waiting for the database`),
  );
});
