import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { until } from './broker/contract-helpers.ts';
import { createHttpServer, listen } from './http-server.ts';

const REQUEST = 'GET /slow HTTP/1.1\r\nhost: here\r\n\r\n';

// A kept connection lasts over a minute.
const BOUND_MS = 10_000;

/** A server with one request that runs until `answer` ends, on a connection that is kept alive. */
async function startSlow(t: TestContext, answer: PromiseWithResolvers<unknown>) {
  const app = createHttpServer({ log: pino({ level: 'silent' }) });
  const asked = Promise.withResolvers<void>();
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
  return { app, connection };
}

test('a stop waits for the answer under way and not for its connection', async (t) => {
  const answer = Promise.withResolvers<unknown>();
  const { app, connection } = await startSlow(t, answer);
  const closed = app.close();
  // By now the connections without a request have been ended, and this one has not.
  await until('it listens no more', async () => !app.server.listening);
  answer.resolve({ done: true });
  await until('the connection ends', async () => connection.ended, BOUND_MS);
  await closed;
  assert.match(connection.text, /^HTTP\/1\.1 200 .*connection: close.*"done":true/s);
});
