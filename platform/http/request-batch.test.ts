import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { Type } from 'typebox';
import { deadlineIn } from '../async/deadline.ts';
import { AppError, commonProblems } from '../errors.ts';
import { createHttpClient } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import { type BatchedAnswer, serveBatch } from './request-batch.ts';
import { createHttpServer, listen, serve } from './server.ts';

const log = pino({ level: 'silent' });
const TRACE = '0af7651916cd43dd8448eb211c80319c';

const putThing = {
  operationId: 'putThing',
  method: 'PUT',
  path: '/things/:id',
  summary: 'Keeps a thing',
  batchable: true,
  params: Type.Object({ id: Type.String({ maxLength: 8 }) }),
  body: Type.Object({ count: Type.Integer() }, { additionalProperties: false }),
  responses: { 200: Type.Object({ id: Type.String(), count: Type.Integer() }) },
} as const satisfies Endpoint;

/** A service with one operation; `held` keeps the things of that name waiting. */
async function startThings(t: TestContext, held?: Promise<void>) {
  const requests: string[] = [];
  const app = createHttpServer({ log });
  app.addHook('onRequest', async ({ method, url }) => void requests.push(`${method} ${url}`));
  async function identify({ headers }: { headers: IncomingMessage['headers'] }) {
    if (headers.authorization === 'Bearer good') return 'a caller';
    throw new AppError(commonProblems.unauthenticated, 'no token');
  }
  async function handle({ params, body }: { params: { id: string }; body: { count: number } }) {
    if (params.id === 'held') await held;
    if (params.id === 'away') throw new AppError(commonProblems.unavailable, 'away');
    if (params.id === 'broken') throw new Error('a defect');
    return { status: 200 as const, body: { id: params.id, count: body.count } };
  }
  serve(app, putThing, { identify }, handle);
  serveBatch(app, identify, { log, logRequests: false }).add(putThing, identify, handle);
  const url = await listen(app, '127.0.0.1', 0);
  t.after(() => app.close());
  return { url, requests };
}

async function post(url: string, calls: unknown, authorization = 'Bearer good') {
  const answer = await fetch(`${url}/calls`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ calls }),
  });
  return { status: answer.status, body: (await answer.json()) as { answers: BatchedAnswer[] } };
}

const put = (id: string, body: unknown = { count: 1 }) => ({
  operationId: 'putThing',
  params: { id },
  body,
  traceId: TRACE,
});

test('each of several calls is answered as if it had come alone', async (t) => {
  const { url } = await startThings(t);
  const { status, body } = await post(url, [
    put('a'),
    put('b', { count: '1' }),
    put('c', { count: 1, more: true }),
    put('much too long'),
    put('away'),
    put('broken'),
    { ...put('d'), operationId: 'other' },
    put('e', { count: 5 }),
  ]);
  assert.equal(status, 200);
  const received = body.answers.map((answer) => {
    const { code, errors } = answer.body as { code?: string; errors?: object[] };
    return [answer.status, code ?? answer.body, errors];
  });
  const violations = (pointer: string, rule: string) => [{ pointer, rule }];
  assert.partialDeepStrictEqual(received, [
    [200, { id: 'a', count: 1 }],
    [400, 'invalid-request', violations('/count', 'type')],
    [400, 'invalid-request', violations('/more', 'additionalProperties')],
    [400, 'invalid-request', [{ parameter: 'id', rule: 'maxLength' }]],
    [503, 'unavailable'],
    [500, 'internal'],
    [404, 'not-found'],
    [200, { id: 'e', count: 5 }],
  ]);
  assert.deepEqual(body.answers[4]?.headers, { 'retry-after': '1' });
  assert.partialDeepStrictEqual(body.answers[4]?.body, { traceId: TRACE });
});

test('a request that is no list of calls is refused whole, and a stranger before its body', async (t) => {
  const { url } = await startThings(t);
  for (const calls of [undefined, 'x', [], [{}], [{ ...put('a'), traceId: 'x' }]]) {
    assert.equal((await post(url, calls)).status, 400);
  }
  assert.equal((await post(url, Array(65).fill(put('a')))).status, 400);
  assert.equal((await post(url, 'x', 'Bearer bad')).status, 401);
});

function clientOf(t: TestContext, url: string, clientLog = log) {
  const credentials = async () => 'Bearer good';
  const client = createHttpClient({ callee: 'things', urls: [url], credentials, log: clientLog });
  t.after(() => client.close());
  return (id: string, ms = 5_000) =>
    client.call(putThing, { params: { id }, body: { count: 1 } }, { deadline: deadlineIn(ms) });
}

/** Two calls that use up the concurrent requests, so that later ones wait. */
async function holdBoth(call: ReturnType<typeof clientOf>) {
  const calls = [];
  for (let count = 0; count < 2; count++) {
    calls.push(call('held'));
    // Calls of one turn of the event loop go together.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return calls;
}

test('a call that comes alone is sent at once; calls that come meanwhile form a batch', async (t) => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { url, requests } = await startThings(t, held);
  const call = clientOf(t, url);
  assert.equal((await call('a')).status, 200);
  assert.deepEqual(requests.splice(0), ['PUT /things/a']);
  const first = await holdBoth(call);
  const others = ['b', 'c', 'd'].map((id) => call(id));
  release();
  const answers = await Promise.all([...first, ...others]);
  assert.deepEqual(
    answers.slice(2).map(({ body }) => body),
    ['b', 'c', 'd'].map((id) => ({ id, count: 1 })),
  );
  assert.deepEqual(requests.toSorted(), ['POST /calls', ...Array(2).fill('PUT /things/held')]);
});

test('of several calls each keeps to its own deadline, and only the one that failed is repeated', async (t) => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  t.after(() => release());
  const { url, requests } = await startThings(t, held);
  const call = clientOf(t, url);
  const blocked = await holdBoth(call);
  const hasty = call('b', 200);
  const failing = call('away', 2_000);
  const unhurried = call('c');
  await assert.rejects(hasty, { problem: commonProblems.unavailable });
  release();
  assert.equal((await unhurried).status, 200);
  assert.equal((await Promise.all(blocked)).length, 2);
  await assert.rejects(failing, { problem: commonProblems.unavailable });
  const repeated = new Set(
    requests.filter((request) => !['PUT /things/held', 'POST /calls'].includes(request)),
  );
  assert.deepEqual([...repeated], ['PUT /things/away']);
  assert.equal(requests.filter((request) => request === 'POST /calls').length, 1);
});

test('a callee of an older version gets its calls one by one', async (t) => {
  const app = createHttpServer({ log });
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  serve(app, putThing, { identify: async () => null }, async ({ params, body }) => {
    if (params.id === 'held') await held;
    return { status: 200, body: { id: params.id, count: body.count } };
  });
  const call = clientOf(t, await listen(app, '127.0.0.1', 0));
  t.after(() => app.close());
  const first = await holdBoth(call);
  const others = ['b', 'c'].map((id) => call(id));
  release();
  await Promise.all(first);
  assert.deepEqual(
    (await Promise.all(others)).map(({ body }) => body),
    ['b', 'c'].map((id) => ({ id, count: 1 })),
  );
});

test('an answer to another call is an alarm and never an answer', async (t) => {
  const app = createHttpServer({ log });
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  app.put('/things/held', async () => {
    await held;
    return { id: 'held', count: 1 };
  });
  let rounds = 0;
  app.post('/calls', async (request) => {
    const { calls } = request.body as { calls: { params: { id: string }; traceId: string }[] };
    const answers = calls.map(({ params, traceId }) => ({
      traceId,
      status: 200,
      body: { id: params.id, count: 1 },
    }));
    rounds += 1;
    if (rounds === 1) answers.push(...answers.splice(0, 1));
    return { answers };
  });
  app.put('/things/:id', async ({ params }) => ({ ...(params as object), count: 1 }));
  const lines: string[] = [];
  const loud = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  const call = clientOf(t, await listen(app, '127.0.0.1', 0), loud);
  t.after(() => app.close());
  const first = await holdBoth(call);
  const others = ['b', 'c', 'd'].map((id) => call(id));
  release();
  await Promise.all(first);
  assert.deepEqual(
    (await Promise.all(others)).map(({ body }) => (body as { id: string }).id),
    ['b', 'c', 'd'],
  );
  assert.match(lines.join(''), /mixed up/);
});
