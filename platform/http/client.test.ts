import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { context } from '@opentelemetry/api';
import { pino } from 'pino';
import { Type } from 'typebox';
import { freePort } from '#harness/free-port.ts';
import { deadlineIn } from '../async/deadline.ts';
import { AppError } from '../errors.ts';
import { parentOf } from '../telemetry/tracing.ts';
import { createHttpClient, type HttpClient } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import { anyone, createHttpServer, listen, serve } from './server.ts';

const log = pino({ level: 'silent' });
// Long against what a test needs, short enough to be waited for where it must run out.
const deadline = () => deadlineIn(20_000);
const SHORT_MS = 600;

const getThing = {
  operationId: 'getThing',
  method: 'GET',
  path: '/owners/:owner/things/:id',
  summary: 'One thing',
  params: Type.Object({ owner: Type.String(), id: Type.String() }),
  query: Type.Object({ note: Type.Optional(Type.String()) }),
  responses: {
    200: Type.Object({
      owner: Type.String(),
      id: Type.String(),
      note: Type.Optional(Type.String()),
    }),
  },
} as const satisfies Endpoint;

const putThing = {
  operationId: 'putThing',
  method: 'PUT',
  path: '/things',
  summary: 'Keeps a thing',
  body: Type.Object({ name: Type.String() }),
  responses: { 200: Type.Object({ done: Type.Boolean() }) },
} as const satisfies Endpoint;

interface TestServer {
  url: string;
  port: number;
  /** Requests that came, with their bodies. */
  requests: { request: http.IncomingMessage; body: string }[];
  close(): Promise<void>;
}

/** Answers the n-th request (from 1); what does not answer hangs. */
type Behaviour = (response: http.ServerResponse, number: number) => void;

async function startServer(t: TestContext, behave: Behaviour, port = 0): Promise<TestServer> {
  const requests: TestServer['requests'] = [];
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push({ request, body });
    behave(response, requests.length);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  t.after(close);
  const own = (server.address() as AddressInfo).port;
  return { url: `http://127.0.0.1:${own}`, port: own, requests, close };
}

/** A URL whose port refuses connections, since its server has gone. */
async function startDeadServer(t: TestContext): Promise<TestServer> {
  // Not port 0: after `close` the system could give that port to a connection.
  const server = await startServer(t, () => {}, await freePort());
  await server.close();
  return server;
}

function clientOf(t: TestContext, ...urls: string[]): HttpClient {
  const credentials = async (callee: string) => `Bearer token-for-${callee}`;
  const client = createHttpClient({ callee: 'things', urls, credentials, log });
  t.after(() => client.close());
  return client;
}

const json = (response: http.ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const done: Behaviour = (response) => json(response, 200, { done: true });
const put = (client: HttpClient, options = {}) =>
  client.call(putThing, { body: { name: 'box' } }, options);

async function assertUnavailable(call: Promise<unknown>, message = /^things \w+ gave no answer/) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.problem.code, 'unavailable');
    assert.match(error.message, message);
    assert.ok(error.cause instanceof Error);
    return true;
  });
}

test('a call carries token, trace, body and headers, and brings the answer', async (t) => {
  const server = await startServer(t, done);
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
  const parent = parentOf({ traceparent, tracestate: 'shop=1' });
  const answer = await context.with(parent, () =>
    put(clientOf(t, server.url), { headers: { 'if-match': '"7"' } }),
  );
  assert.deepEqual([answer.status, answer.problem, answer.body], [200, false, { done: true }]);
  const [{ request, body } = assert.fail()] = server.requests;
  assert.deepEqual([request.method, request.url, body], ['PUT', '/things', '{"name":"box"}']);
  assert.equal(request.headers.authorization, 'Bearer token-for-things');
  assert.equal(request.headers['content-type'], 'application/json');
  assert.equal(request.headers['if-match'], '"7"');
  // Nobody records here: the next hop sees the caller's position.
  assert.deepEqual(
    [request.headers.traceparent, request.headers.tracestate],
    [traceparent, 'shop=1'],
  );
});

test('path and query parameters arrive as they were given', async (t) => {
  const app = createHttpServer({ log });
  serve(app, getThing, { identify: anyone }, async ({ params, query }) => ({
    status: 200,
    body: { ...params, ...query },
  }));
  const url = await listen(app, '127.0.0.1', 0);
  const client = clientOf(t, url);
  t.after(() => app.close());
  for (const text of ['a/b', '100%', '%2F', 'a?b#c', '..', 'é🔔 &=+', ':id']) {
    const answer = await client.call(getThing, {
      params: { owner: text, id: 'x' },
      query: { note: text },
    });
    assert.deepEqual(answer.body, { owner: text, id: 'x', note: text });
  }
  const bare = await client.call(getThing, { params: { owner: 'a', id: 'x' }, query: {} });
  assert.deepEqual(bare.body, { owner: 'a', id: 'x' });
});

test('a refused connection is attempted again until the service is there', async (t) => {
  const { url, port } = await startDeadServer(t);
  const call = put(clientOf(t, url), { deadline: deadline() });
  const server = await startServer(t, done, port);
  assert.equal((await call).status, 200);
  assert.equal(server.requests.length, 1);
});

test('a 503 is attempted again', async (t) => {
  const server = await startServer(t, (response, number) => {
    if (number < 3) json(response, 503, { code: 'unavailable' });
    else done(response, number);
  });
  assert.equal((await put(clientOf(t, server.url), { deadline: deadline() })).status, 200);
  assert.equal(server.requests.length, 3);
});

test('an answer lost after the effect is asked for again with the same body', async (t) => {
  const server = await startServer(t, (response, number) => {
    if (number === 1) response.socket?.destroy();
    else if (number === 2) response.writeHead(200, { 'content-length': '15' }).write('{"done":');
    if (number === 2) setImmediate(() => response.socket?.destroy());
    if (number > 2) done(response, number);
  });
  assert.equal((await put(clientOf(t, server.url), { deadline: deadline() })).status, 200);
  assert.deepEqual(
    server.requests.map(({ body }) => body),
    Array(3).fill('{"name":"box"}'),
  );
});

test('without a deadline there is a single attempt', async (t) => {
  const server = await startServer(t, (response) => json(response, 503, { code: 'unavailable' }));
  await assertUnavailable(put(clientOf(t, server.url)), /after 1 attempts$/);
  assert.equal(server.requests.length, 1);
});

test('a deadline that is over makes no attempt', async (t) => {
  const server = await startServer(t, done);
  await assertUnavailable(put(clientOf(t, server.url), { deadline: deadlineIn(0) }));
  assert.equal(server.requests.length, 0);
});

test('a 4xx is an answer: it is returned with its problem, once', async (t) => {
  const server = await startServer(t, (response) => {
    response.setHeader('retry-after', '7');
    json(response, 429, { code: 'too-many-requests', status: 429 });
  });
  const answer = await put(clientOf(t, server.url), { deadline: deadline() });
  assert.ok(answer.problem);
  assert.deepEqual(
    [answer.status, answer.body.code, answer.retryAfter],
    [429, 'too-many-requests', '7'],
  );
  assert.equal(server.requests.length, 1);
});

test('an answer that is not JSON is no answer', async (t) => {
  const server = await startServer(t, (response, number) => {
    if (number > 2) done(response, number);
    else response.writeHead(number === 1 ? 200 : 502).end('<html>Bad Gateway</html>');
  });
  assert.equal((await put(clientOf(t, server.url), { deadline: deadline() })).status, 200);
  assert.equal(server.requests.length, 3);
});

test('the failure of the last attempt is the cause that the log gets', async (t) => {
  const server = await startServer(t, (response) =>
    response.writeHead(502).end('<html>Bad Gateway</html>'),
  );
  await assert.rejects(put(clientOf(t, server.url)), (error: Error) => {
    assert.match(String((error.cause as Error).message), /things answered 502 <html>Bad Gateway/);
    return true;
  });
});

test('a body over the cap is refused, not kept in memory', async (t) => {
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  let sent = 0;
  const server = await startServer(t, (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.on('error', () => {});
    // One chunk at a time, and never more than a client without a cap would have to be given.
    const more = (error?: Error | null): void => {
      // The write fails when the client does not accept the chunk any more.
      if (error || response.destroyed || sent === 100) return;
      sent++;
      response.write(chunk, more);
    };
    more();
  });
  await assertUnavailable(put(clientOf(t, server.url)));
  assert.ok(sent < 100, 'all was taken');
});

test('a server that hangs ends the call at the deadline', async (t) => {
  const server = await startServer(t, () => {});
  await assertUnavailable(put(clientOf(t, server.url), { deadline: deadlineIn(SHORT_MS) }));
  assert.ok(server.requests.length >= 1);
});

test('a server that stops in the middle of its answer ends the call at the deadline', async (t) => {
  const server = await startServer(t, (response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{');
  });
  await assertUnavailable(put(clientOf(t, server.url), { deadline: deadlineIn(SHORT_MS) }));
});

test('replicas take turns', async (t) => {
  const servers = [await startServer(t, done), await startServer(t, done)] as const;
  const client = clientOf(t, servers[0].url, servers[1].url);
  for (let call = 0; call < 6; call++) await put(client);
  assert.deepEqual(
    servers.map(({ requests }) => requests.length),
    [3, 3],
  );
});

test('with one replica dead every call is answered by the other', async (t) => {
  const [dead, alive] = [await startDeadServer(t), await startServer(t, done)];
  const client = clientOf(t, dead.url, alive.url);
  for (let call = 0; call < 6; call++) {
    assert.equal((await put(client, { deadline: deadline() })).status, 200);
  }
  assert.equal(alive.requests.length, 6);
});

test('a token that a wrong clock refuses is signed for that clock, up to a day away', async (t) => {
  const HOUR_S = 3_600;
  const asked: string[] = [];
  const errors: unknown[] = [];
  const behave: { aheadS: number } = { aheadS: HOUR_S };
  const server = await startServer(t, (response) => {
    const skewS = Number(/skew (-?\d+)/.exec(String(response.req.headers.authorization))?.[1]);
    const accepted = Math.abs(skewS - behave.aheadS) < 60;
    const date = new Date(Date.now() + behave.aheadS * 1_000).toUTCString();
    response.writeHead(accepted ? 200 : 401, { 'content-type': 'application/json', date });
    response.end(accepted ? '{"done":true}' : '{"code":"unauthenticated"}');
  });
  const client = createHttpClient({
    callee: 'things',
    urls: [server.url],
    async credentials(_callee, skewS = 0) {
      asked.push(String(skewS));
      return `skew ${skewS}`;
    },
    log: Object.assign(Object.create(log), { error: (fields: unknown) => errors.push(fields) }),
  });
  t.after(() => client.close());
  const call = () => client.call(putThing, { body: { name: 'a' } }, { deadline: deadline() });
  for (const aheadS of [HOUR_S, -HOUR_S, 0]) {
    behave.aheadS = aheadS;
    assert.equal((await call()).status, 200);
    assert.equal((await call()).status, 200);
  }
  assert.equal(errors.length, 3);
  // Another year would make a token that is valid for a year.
  behave.aheadS = 365 * 24 * HOUR_S;
  assert.equal((await call()).status, 401);
  assert.equal(errors.length, 3);
});

test('a 413, 414 or 431 is an answer with any body, once, and an error in the log', async (t) => {
  for (const status of [413, 414, 431]) {
    const errors: string[] = [];
    const server = await startServer(t, (response) => {
      response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>no</h1>');
    });
    const client = createHttpClient({
      callee: 'things',
      urls: [server.url],
      credentials: async () => 'Bearer x',
      log: Object.assign(Object.create(log), { error: (text: string) => errors.push(text) }),
    });
    t.after(() => client.close());
    const answer = await client.call(putThing, { body: { name: 'a' } }, { deadline: deadline() });
    assert.ok(answer.problem);
    assert.deepEqual([answer.status, answer.body.code], [status, 'body-too-large']);
    assert.equal(server.requests.length, 1);
    assert.deepEqual(errors, [`limits disagree: things answered ${status} <h1>no</h1>`]);
  }
});
