import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { createHttpServer, listen } from '../http/server.ts';
import { serveHealth } from './internal-service.ts';

/** Base URL of a server that is ready when these checks pass. */
async function startWith(t: TestContext, checks: Record<string, () => Promise<unknown>>) {
  const app = createHttpServer({ log: pino({ level: 'silent' }) });
  serveHealth(app, checks);
  t.after(() => app.close());
  return listen(app, '127.0.0.1', 0);
}

const fails = () => Promise.reject(new Error('away'));
const hangs = () => new Promise<never>(() => {});

test('a service whose needs answer is ready', async (t) => {
  const answer = await fetch(`${await startWith(t, { one: async () => 1 })}/readyz`);
  assert.deepEqual([answer.status, await answer.json()], [200, { status: 'ok' }]);
});

test('a service is not ready without any of its needs, and names them', async (t) => {
  const url = await startWith(t, { two: fails, fine: async () => 1, one: fails });
  const answer = await fetch(`${url}/readyz`);
  assert.equal(answer.status, 503);
  assert.deepEqual(await answer.json(), { status: 'unavailable', failed: ['one', 'two'] });
  assert.equal((await fetch(`${url}/livez`)).status, 200);
});

test('a need that hangs counts as one that fails, and holds nothing up', async (t) => {
  const url = await startWith(t, { hung: hangs, fine: async () => 1 });
  const answer = await fetch(`${url}/readyz`);
  assert.deepEqual(await answer.json(), { status: 'unavailable', failed: ['hung'] });
});

test('a check that fails after its time-out does no harm', async (t) => {
  const late = Promise.withResolvers<void>();
  const url = await startWith(t, { late: () => late.promise });
  assert.equal((await fetch(`${url}/readyz`)).status, 503);
  late.reject(new Error('at last'));
  assert.equal((await fetch(`${url}/livez`)).status, 200);
});
