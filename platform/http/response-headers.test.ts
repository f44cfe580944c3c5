import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { until } from '#harness/broker/contract-helpers.ts';
import { serveHealth } from '../service/internal-service.ts';
import { createHttpServer, listen } from './server.ts';

/** A server that returns the header `x-name` of each request. */
async function startNaming(t: TestContext) {
  const lines: string[] = [];
  const app = createHttpServer({
    log: pino({ level: 'info' }, { write: (line: string) => lines.push(line) }),
    answerHeaders: ({ headers }) =>
      headers['x-name'] === undefined ? {} : { 'x-name': String(headers['x-name']) },
  });
  serveHealth(app, {});
  const held = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  app.post('/things/:name', async () => ({ done: true }));
  app.get('/held', () => {
    arrived.resolve();
    return held.promise;
  });
  app.get('/broken', async () => {
    throw new Error('a defect');
  });
  const url = await listen(app, '127.0.0.1', 0);
  t.after(() => app.close());
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, headers: { 'x-name': 'anna', ...init.headers } });
  return { app, lines, url, ask, arrived: arrived.promise, release: () => held.resolve() };
}

test('every answer carries the answer headers', async (t) => {
  const { ask } = await startNaming(t);
  const json = { 'content-type': 'application/json' };
  for (const [status, path, init] of [
    [200, '/things/1', { method: 'POST' }],
    [400, '/things/1', { method: 'POST', body: '{', headers: json }],
    [415, '/things/1', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }],
    [413, '/things/1', { method: 'POST', body: `"${'x'.repeat(99_999)}"`, headers: json }],
    [405, '/things/1', { method: 'PUT' }],
    [404, '/nothing', {}],
    [500, '/broken', {}],
    [400, '/things/%zz', { method: 'POST' }],
    [414, `/things/${'x'.repeat(2_000)}`, { method: 'POST' }],
  ] as const) {
    const answer = await ask(path, init);
    assert.equal(answer.status, status, path.slice(0, 50));
    assert.equal(answer.headers.get('x-name'), 'anna', `${status} ${path.slice(0, 50)}`);
  }
});

test('a server that stops names the request that it refuses', async (t) => {
  const { app, lines, ask, arrived, release } = await startNaming(t);
  const held = ask('/held');
  await arrived;
  const closed = app.close();
  await until('it stops', async () => (await ask('/readyz')).status === 503);
  const refused = await ask('/things/1', { method: 'POST' });
  assert.deepEqual([refused.status, refused.headers.get('x-name')], [503, 'anna']);
  assert.deepEqual(
    lines.filter((line) => JSON.parse(line).level >= 50),
    [],
  );
  release();
  assert.equal((await held).headers.get('x-name'), 'anna');
  await closed;
});

test('a body that breaks off is answered with the headers; a broken next request is not', async (t) => {
  const { url } = await startNaming(t);
  const broken = 'not a chunk\r\n';
  const head = 'POST /things/1 HTTP/1.1\r\nhost: here\r\nx-name: anna\r\n';
  for (const sent of [
    `${head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${broken}`,
    `${head}content-length: 0\r\n\r\n`,
  ]) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.write(sent);
    const ended = once(socket, 'close');
    await until('an answer', () => text !== '');
    const first = text;
    assert.match(first, /x-name: anna/);
    text = '';
    if (first.startsWith('HTTP/1.1 200')) socket.write('no request\r\n\r\n');
    await ended;
    assert.match(first + text, /HTTP\/1\.1 400 Bad Request/);
    assert.doesNotMatch(text, /x-name/);
  }
});

test('a fault after a request that runs never passes for its answer', async (t) => {
  const { url, arrived, release } = await startNaming(t);
  for (const after of [' ', '}', 'no request\r\n\r\n', 'GET / HTTP/1.1\r\nHo st: here\r\n\r\n']) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const ended = once(socket, 'close');
    socket.write(`GET /held HTTP/1.1\r\nhost: here\r\nx-name: anna\r\n\r\n${after}`);
    await arrived;
    release();
    await ended;
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/, after);
    assert.equal(text.match(/HTTP\/1\.1/g)?.length, 1, after);
  }
});
