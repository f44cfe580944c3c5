import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { until } from '#harness/broker/contract-helpers.ts';
import { serveHealth } from '../service/internal-service.ts';
import { createHttpServer, listen } from './server.ts';

const REQUEST = 'GET /slow HTTP/1.1\r\nhost: here\r\n\r\n';

// A kept connection lasts over a minute.
const BOUND_MS = 120_000;

/** A server with one request that runs until `answer` ends, on a connection that is kept alive. */
async function startSlow(
  t: TestContext,
  answer: PromiseWithResolvers<unknown>,
  stopDelayMs?: number,
) {
  const app = createHttpServer({
    log: pino({ level: 'silent' }),
    ...(stopDelayMs !== undefined && { stopDelayMs }),
  });
  const asked = Promise.withResolvers<void>();
  serveHealth(app, {});
  app.get('/slow', async () => {
    asked.resolve();
    return answer.promise;
  });
  const url = new URL(await listen(app, '127.0.0.1', 0));
  const socket = connect(Number(url.port), url.hostname);
  const connection = { text: '', ended: false };
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    connection.text += chunk;
  });
  socket.on('close', () => {
    connection.ended = true;
  });
  t.after(async () => {
    socket.destroy();
    await app.close();
  });
  await once(socket, 'connect');
  socket.write(REQUEST);
  await asked.promise;
  return { app, connection, socket, url: url.origin };
}

test('a stop waits for the answer under way and not for its connection', async (t) => {
  const answer = Promise.withResolvers<unknown>();
  const { app, connection, url } = await startSlow(t, answer);
  const closed = app.close();
  await until('it stops', async () => (await fetch(`${url}/readyz`)).status === 503);
  answer.resolve({ done: true });
  await until('the connection ends', async () => connection.ended, BOUND_MS);
  await closed;
  assert.match(connection.text, /^HTTP\/1\.1 200 .*connection: close.*"done":true/s);
});

test('while requests under way finish it is alive, not ready, and refuses what is new', async (t) => {
  const answer = Promise.withResolvers<unknown>();
  const { app, connection, url } = await startSlow(t, answer);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  const closed = app.close();
  await until('it stops', async () => (await fetch(`${url}/readyz`)).status === 503);
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  for (const path of ['/slow', '/nowhere']) {
    const refused = await fetch(url + path);
    const { code, retryable } = (await refused.json()) as { code: string; retryable: boolean };
    assert.deepEqual([refused.status, code, retryable], [503, 'unavailable', true]);
    assert.equal(refused.headers.get('connection'), 'close');
  }
  assert.equal(connection.text, '');
  answer.resolve({ done: true });
  await closed;
  await until('the answer', async () => connection.ended, BOUND_MS);
  assert.match(connection.text, /^HTTP\/1\.1 200 .*"done":true/s);
  await assert.rejects(fetch(`${url}/livez`));
});

test('with a delay, a stop fails readiness first and serves all other requests', async (t) => {
  const answer = Promise.withResolvers<unknown>();
  // Far longer than the requests below take.
  const { app, url } = await startSlow(t, answer, 5_000);
  app.server.on('request', () => answer.resolve({ done: true }));
  const closed = app.close();
  const ready = await fetch(`${url}/readyz`);
  assert.deepEqual([ready.status, await ready.json()], [503, { status: 'stopping' }]);
  const served = await fetch(`${url}/slow`);
  assert.deepEqual([served.status, await served.json()], [200, { done: true }]);
  assert.equal(served.headers.get('connection'), 'close');
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  await closed;
  await assert.rejects(fetch(`${url}/livez`));
});

test('with a delay, a stop serves a request on a connection that was idle, and closes it', async (t) => {
  const answer = Promise.withResolvers<unknown>();
  const { app, connection, socket, url } = await startSlow(t, answer, 5_000);
  answer.resolve({ done: true });
  await until('the first answer', async () => connection.text.includes('"done":true'));
  const first = connection.text.length;
  const closed = app.close();
  assert.equal((await fetch(`${url}/readyz`)).status, 503);
  // A balancer that has not noticed reuses the connection: to close it now would fail the request.
  socket.write(REQUEST);
  await until('the connection ends', async () => connection.ended);
  assert.match(connection.text.slice(first), /^HTTP\/1\.1 200 .*connection: close.*"done":true/s);
  await closed;
});

test('a stop does not wait for a client that hung up', async (t) => {
  const { app, socket, url } = await startSlow(t, Promise.withResolvers<unknown>());
  const closed = app.close();
  await until('it stops', async () => (await fetch(`${url}/readyz`)).status === 503);
  socket.destroy();
  await closed;
});
