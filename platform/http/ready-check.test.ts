import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '#harness/broker/contract-helpers.ts';
import { createReadyCheck } from './ready-check.ts';

const NOT_READY = { message: 'no replica of things is ready' };
const FOREVER_MS = 3_600_000;

function startThings() {
  const things = {
    asked: 0,
    answer: async (): Promise<unknown> => 'ready',
    ask() {
      things.asked++;
      return things.answer();
    },
  };
  return things;
}

const refuse = () => Promise.reject(new Error('refused'));

test('a service that was never ready is not ready at the first failure', async () => {
  const things = startThings();
  things.answer = refuse;
  const check = createReadyCheck('things', things.ask, FOREVER_MS);
  await assert.rejects(check(), NOT_READY);
  things.answer = async () => 'ready';
  await until('ready', () =>
    check().then(
      () => true,
      () => false,
    ),
  );
});

test('once ready it stays so while replicas refuse or hang for a moment, and is asked on', async () => {
  const things = startThings();
  const check = createReadyCheck('things', things.ask, FOREVER_MS);
  await check();
  things.answer = refuse;
  await until('more questions', async () => {
    await check();
    return things.asked >= 3;
  });
  things.answer = () => new Promise(() => {});
  const { asked } = things;
  await until('a question without an answer', async () => {
    await check();
    return things.asked > asked;
  });
  await check();
  assert.equal(things.asked, asked + 1);
});

test('it is not ready when its replicas refuse for longer', async () => {
  const things = startThings();
  const check = createReadyCheck('things', things.ask, 0);
  await check();
  things.answer = refuse;
  await until('not ready', () =>
    check().then(
      () => false,
      (error: Error) => error.message === NOT_READY.message,
    ),
  );
});
