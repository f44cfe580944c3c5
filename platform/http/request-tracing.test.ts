import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { Type } from 'typebox';
import { eventually } from '#harness/eventually.ts';
import { currentFields } from '../telemetry/tracing.ts';
import { serveBatch } from './request-batch.ts';
import { anyone, createHttpServer, listen, serve } from './server.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };

const putThing = {
  operationId: 'putThing',
  method: 'PUT',
  path: '/things/:thingId',
  summary: 'Keep a thing',
  params: Type.Object({ thingId: Type.String() }),
  body: Type.Object({ count: Type.Integer() }),
  responses: { 200: Type.Object({}) },
  batchable: true,
} as const;

/** A server that logs a line of its own in its handler. */
async function start(t: TestContext, logRequests = true) {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { base: { service: 'things' }, mixin: currentFields },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const app = createHttpServer({ log, logRequests });
  let arrived = 0;
  app.addHook('onRequest', async () => void arrived++);
  const handle = async ({ body }: { body: { count: number } }) => {
    await new Promise(setImmediate);
    log.info('at work');
    if (body.count === 500) throw new Error('a defect');
    return { status: 200 as const, body: {} };
  };
  serve(app, putThing, { identify: anyone }, handle);
  serveBatch(app, anyone, { log, logRequests }).add(putThing, anyone, handle);
  app.get('/livez', async () => ({}));
  const url = await listen(app, '127.0.0.1', 0);
  t.after(() => app.close());
  const requestLines = () => lines.filter((line) => 'status' in line);
  return { url, lines, requestLines, arrived: () => arrived };
}

const put = (url: string, id: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${url}/things/${id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

test('a request has one line, with its trace, its ids, and no other text of the client', async (t) => {
  const { url, lines, requestLines } = await start(t);
  const id = randomUUID();
  const answer = await put(url, id.toUpperCase(), { count: 1 }, PARENT);
  assert.equal(answer.headers.get('x-trace-id'), TRACE);
  await put(url, 'anna@example.com', { count: 'one' });
  await put(url, id, { count: 500 });
  await fetch(`${url}/nowhere?email=anna@example.com`);
  const [done, invalid, defect, lost] = await eventually(
    'four lines',
    async () => requestLines().length === 4 && requestLines(),
  ).then((all) => all.map(({ ms: _, time: _t, ...line }) => line));
  const same = { level: 30, service: 'things' };
  const route = { method: 'PUT', route: '/things/:thingId' };
  assert.deepEqual(done, {
    ...same,
    ...route,
    traceId: TRACE,
    thingId: id,
    status: 200,
    msg: 'PUT /things/:thingId 200',
  });
  assert.deepEqual([invalid?.status, defect?.status, lost?.status], [400, 500, 404]);
  assert.equal(lost?.msg, 'GET (no route) 404');
  assert.doesNotMatch(JSON.stringify(lines), /anna/);
  const atWork = lines.find(({ msg }) => msg === 'at work');
  assert.deepEqual([atWork?.msg, atWork?.traceId, atWork?.thingId], ['at work', TRACE, id]);
  const failed = lines.find((line) => 'stack' in line);
  assert.deepEqual([failed?.traceId, failed?.level], [defect?.traceId, 50]);
});

test('each call of a batch has a line and the trace that it came with', async (t) => {
  const { url, requestLines } = await start(t);
  const traces = ['1', '2', '3'].map((digit) => digit.repeat(32));
  const calls = traces.map((traceId, index) => ({
    operationId: 'putThing',
    params: { thingId: randomUUID() },
    body: { count: 1 },
    traceId,
    // The last is of an older version.
    ...(index < 2 && { traceparent: `00-${traceId}-b7ad6b7169203331-00` }),
  }));
  await fetch(`${url}/calls`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...PARENT },
    body: JSON.stringify({ calls }),
  });
  assert.deepEqual(
    requestLines().map(({ traceId, thingId, batched }) => [traceId, thingId, batched]),
    calls.map(({ traceId, params }) => [traceId, params.thingId, true]),
  );
});

test('a client that hangs up has a line; health checks have none, nor have requests where it is off', async (t) => {
  const { url, requestLines, arrived } = await start(t);
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write('PUT /things/x HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n');
  socket.write('content-length: 9\r\n\r\n{');
  await eventually('the request', async () => arrived() === 2);
  socket.destroy();
  const [line, ...more] = await eventually('its line', async () => {
    return requestLines().length > 0 && requestLines();
  });
  assert.deepEqual([line?.aborted, more], [true, []]);

  const quiet = await start(t, false);
  await put(quiet.url, 'x', { count: 1 });
  assert.deepEqual(quiet.requestLines(), []);
});

test('every answer names its trace, also one to bytes that are no request', async (t) => {
  const { url } = await start(t);
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end('no request\r\n\r\n');
  const chunks: Buffer[] = await socket.toArray();
  const text = Buffer.concat(chunks).toString();
  const named = /x-trace-id: ([0-9a-f]{32})/.exec(text)?.[1];
  assert.equal(JSON.parse(text.split('\r\n\r\n')[1] as string).traceId, named);
  for (const path of ['/livez', '/nowhere', '/%zz']) {
    const answer = await fetch(url + path, { headers: PARENT });
    assert.equal(answer.headers.get('x-trace-id'), TRACE, path);
  }
});
