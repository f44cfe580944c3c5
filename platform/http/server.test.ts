import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { Type } from 'typebox';
import { AppError, commonProblems } from '../errors.ts';
import { printable } from '../values/printable.ts';
import type { Endpoint } from './endpoint.ts';
import { anyone, createHttpServer, listen, serve } from './server.ts';

const strict = { additionalProperties: false };

const makeThing = {
  operationId: 'makeThing',
  method: 'POST',
  path: '/things',
  summary: 'Makes a thing',
  body: Type.Object(
    {
      name: Type.String({ minLength: 2, maxLength: 5, pattern: '^[a-z]*$' }),
      size: Type.Integer({ minimum: 1, maximum: 100 }),
      'a/b~c': Type.Optional(Type.Integer()),
      parts: Type.Optional(
        Type.Array(Type.Object({ kind: Type.Literal('round') }, strict), { maxItems: 2 }),
      ),
    },
    strict,
  ),
  responses: { 201: Type.Object({ name: Type.String() }) },
} as const satisfies Endpoint;

const decide = {
  operationId: 'decide',
  method: 'PUT',
  path: '/decisions/:id',
  summary: 'Either of two bodies',
  params: Type.Object({ id: Type.String({ maxLength: 10 }) }, strict),
  body: Type.Union([
    Type.Object({ kind: Type.Literal('yes'), by: Type.String() }, strict),
    Type.Object({ kind: Type.Literal('no') }, strict),
  ]),
  responses: { 200: Type.Object({ id: Type.String() }) },
} as const satisfies Endpoint;

const listThings = {
  operationId: 'listThings',
  method: 'GET',
  path: '/things',
  summary: 'Lists things',
  query: Type.Object(
    {
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
      q: Type.Optional(Type.String()),
    },
    strict,
  ),
  responses: { 200: Type.Object({ limit: Type.Integer() }) },
} as const satisfies Endpoint;

const failing = {
  operationId: 'failing',
  method: 'GET',
  path: '/failing/:how',
  summary: 'Fails',
  params: Type.Object({ how: Type.String() }),
  responses: { 200: Type.Object({}) },
} as const satisfies Endpoint;

/** A server with four operations, and what it logged. */
async function startServer(t: TestContext): Promise<{ url: string; logged: string[] }> {
  const logged: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => logged.push(line) });
  const app = createHttpServer({ log });
  const identify = { identify: anyone };
  serve(app, makeThing, identify, async ({ body }) => ({ status: 201, body: { name: body.name } }));
  serve(app, decide, identify, async ({ params }) => ({ status: 200, body: params }));
  serve(app, listThings, identify, async ({ query }) => {
    return { status: 200, body: { limit: query.limit ?? 0 } };
  });
  serve(app, failing, identify, async ({ params }) => {
    if (params.how === 'defect') throw new TypeError('the secret detail');
    const problem =
      params.how === '401' ? commonProblems.unauthenticated : commonProblems.unavailable;
    throw new AppError(problem, 'the secret message', { cause: new Error('the secret cause') });
  });
  const url = await listen(app, '127.0.0.1', 0);
  t.after(() => app.close());
  return { url, logged };
}

interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers as a client would
  body: any;
}

async function send(
  url: string,
  method: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body }),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

/** Each fault as `place rule`. */
function violationsOf({ body }: Answer): string[] {
  return (body.errors ?? [])
    .map((each: Record<string, string>) => `${each.pointer ?? each.parameter} ${each.rule}`)
    .sort();
}

test('a valid request is served', async (t) => {
  const { url } = await startServer(t);
  const answer = await send(`${url}/things`, 'POST', '{"name":"box","size":1e2,"a/b~c":1}');
  assert.deepEqual([answer.status, answer.body], [201, { name: 'box' }]);
  const list = await send(`${url}/things?limit=3`, 'GET');
  assert.deepEqual([list.status, list.body], [200, { limit: 3 }]);
});

const bodies: [what: string, body: string, violations: string[]][] = [
  ['missing fields', '{}', ['/name required', '/size required']],
  ['unknown fields', '{"name":"ab","size":1,"x/y~z":1}', ['/x~1y~0z additionalProperties']],
  ['a field with / and ~ of a wrong type', '{"name":"ab","size":1,"a/b~c":"1"}', ['/a~1b~0c type']],
  [
    'several violations at once',
    '{"name":"TOO LONG","size":0,"x":1}',
    ['/name maxLength', '/name pattern', '/size minimum', '/x additionalProperties'],
  ],
  ['text where a number belongs', '{"name":"ab","size":"1"}', ['/size type']],
  ['null', '{"name":null,"size":1}', ['/name type']],
  ['a fraction', '{"name":"ab","size":1.5}', ['/size type']],
  ['a number that would be rounded', '{"name":"ab","size":99.99999999999999999}', ['/size type']],
  ['an infinite number', '{"name":"ab","size":1e400}', ['/size type']],
  [
    'faults inside a list',
    '{"name":"ab","size":1,"parts":[{},{"kind":"flat"},{"kind":"round","x":1}]}',
    [
      '/parts maxItems',
      '/parts/0/kind required',
      '/parts/1/kind const',
      '/parts/2/x additionalProperties',
    ],
  ],
  ['a list instead of an object', '[]', [' type']],
  [
    'prototype pollution by name',
    '{"name":"ab","size":1,"__proto__":{}}',
    ['/__proto__ additionalProperties'],
  ],
  ['broken JSON', '{"name":', [' json']],
  ['no JSON at all', '', [' json']],
];

for (const [what, body, violations] of bodies) {
  test(`a body with ${what} is 400 and names each place`, async (t) => {
    const { url } = await startServer(t);
    const answer = await send(`${url}/things`, 'POST', body);
    assert.equal(answer.status, 400);
    assert.equal(answer.body.code, 'invalid-request');
    assert.deepEqual(violationsOf(answer), violations);
  });
}

test('a body that is not there is 400', async (t) => {
  const { url } = await startServer(t);
  const answer = await send(`${url}/things`, 'POST');
  assert.equal(answer.status, 400);
  assert.deepEqual(violationsOf(answer), [' type']);
});

test('a body that fits none of several forms names what each form lacks', async (t) => {
  const { url } = await startServer(t);
  const put = (body: string) => send(`${url}/decisions/7`, 'PUT', body);
  assert.equal((await put('{"kind":"no"}')).status, 200);
  const lacking = await put('{"kind":"yes"}');
  assert.equal(lacking.status, 400);
  assert.ok(violationsOf(lacking).includes('/by required'), violationsOf(lacking).join());
  const wrong = await put('{"kind":"maybe"}');
  assert.equal(wrong.status, 400);
  assert.ok(violationsOf(wrong).every((violation) => !violation.includes('anyOf')));
  assert.ok(violationsOf(wrong).includes('/kind const'));
});

const queries: [query: string, violations: string[]][] = [
  ['limit=0', ['limit minimum']],
  ['limit=ten', ['limit type']],
  ['limit=', ['limit type']],
  ['limit=1.5', ['limit type']],
  ['limit=1&limit=2', ['limit type']],
  ['q=a&q=b', ['q type']],
  ['colour=red&limit=10', ['colour additionalProperties', 'limit maximum']],
  ['a/b~c=1', ['a/b~c additionalProperties']],
];

for (const [query, violations] of queries) {
  test(`the query ${query} is 400 and names the parameter`, async (t) => {
    const { url } = await startServer(t);
    const answer = await send(`${url}/things?${query}`, 'GET');
    assert.equal(answer.status, 400);
    assert.deepEqual(violationsOf(answer), violations);
    assert.ok(answer.body.errors.every((each: object) => !('pointer' in each)));
  });
}

test('a path parameter that breaks its rule is 400 and is named', async (t) => {
  const { url } = await startServer(t);
  const answer = await send(`${url}/decisions/12345678901`, 'PUT', '{"kind":"no"}');
  assert.equal(answer.status, 400);
  assert.deepEqual(violationsOf(answer), ['id maxLength']);
});

test('a compressed body is 415', async (t) => {
  const { url } = await startServer(t);
  const encoded = { 'content-encoding': 'gzip' };
  const answer = await send(`${url}/things`, 'POST', '{}', encoded);
  assert.deepEqual([answer.status, answer.body.code], [415, 'unsupported-media-type']);
});

for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'json']) {
  test(`a body as ${type} is 415`, async (t) => {
    const { url } = await startServer(t);
    const answer = await send(`${url}/things`, 'POST', '{}', { 'content-type': type });
    assert.deepEqual([answer.status, answer.body.code], [415, 'unsupported-media-type']);
  });
}

test('a body of 64 KiB is read, one byte more is 413', async (t) => {
  const { url } = await startServer(t);
  const empty = '{"name":"ab","size":1}';
  const full = empty + ' '.repeat(64 * 1024 - empty.length);
  assert.equal((await send(`${url}/things`, 'POST', full)).status, 201);
  const more = await send(`${url}/things`, 'POST', `${full} `);
  assert.deepEqual([more.status, more.body.code], [413, 'body-too-large']);
  assert.deepEqual(more.body.errors, [
    { pointer: '', rule: 'bodyBytes', expected: '65536', detail: 'не больше 65536 байт' },
  ]);
});

test('a problem repeats names as they came, and none of them steers a terminal', async (t) => {
  const { url } = await startServer(t);
  const name = '\u202eevil\u009b2J\u0007\u2066\u{e0041}';
  const answer = await fetch(`${url}/things`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'ab', size: 1, [name]: 1 }),
  });
  const text = await answer.text();
  assert.equal(printable(text), text);
  assert.deepEqual(JSON.parse(text).errors[0].pointer, `/${name}`);
});

test('what the router refuses is a problem document too', async (t) => {
  const { url } = await startServer(t);
  const cases: [path: string, statuses: number[]][] = [
    ['/decisions/%E0%A4%A', [400]],
    ['/nowhere?secret=1', [404]],
    ['/nowhere/%2e%2e/%00', [404]],
    [`/failing/${'x'.repeat(1_100)}`, [404, 414]],
  ];
  for (const [path, statuses] of cases) {
    const answer = await send(url + path, 'GET');
    assert.ok(statuses.includes(answer.status), `${path.slice(0, 30)}: ${answer.status}`);
    assertProblem(answer);
  }
});

/** Asserts the headers and members that every error answer has. */
function assertProblem({ status, headers, body }: Answer): void {
  assert.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8');
  const names = ['type', 'title', 'status', 'detail', 'instance', 'code', 'traceId', 'retryable'];
  for (const name of names) assert.ok(name in body, name);
  assert.equal(body.status, status);
  assert.equal(body.type, `urn:orderbell:problem:${body.code}`);
  assert.match(body.traceId, /^[0-9a-f]{32}$/);
  assert.ok(!body.instance.includes('?'), body.instance);
}

test('a defect is 500, logged, and shows nothing of itself', async (t) => {
  const { url, logged } = await startServer(t);
  const answer = await send(`${url}/failing/defect`, 'GET');
  assert.deepEqual([answer.status, answer.body.code], [500, 'internal']);
  assertProblem(answer);
  assert.doesNotMatch(JSON.stringify(answer.body), /secret|TypeError|\.ts/);
  const line = logged.find((each) => each.includes('the secret detail')) ?? '';
  assert.match(line, new RegExp(answer.body.traceId));
  assert.match(line, /http\/server\.test\.ts/, 'the stack is logged');
});

test('the instance of a malformed address is a URI reference', async (t) => {
  const { url } = await startServer(t);
  const paths = { '/%zz': '/%25zz', '/a%2fb%': '/a%2fb%25', "/a;b=(c)'d": "/a;b=(c)'d" };
  for (const [path, instance] of Object.entries(paths)) {
    assert.equal((await send(url + path, 'GET')).body.instance, instance);
  }
});

test('an expected error shows its problem, not its message or cause', async (t) => {
  const { url, logged } = await startServer(t);
  const answer = await send(`${url}/failing/503?token=abc`, 'GET');
  assert.equal(answer.status, 503);
  assertProblem(answer);
  assert.deepEqual([answer.body.retryable, answer.headers.get('retry-after')], [true, '1']);
  assert.equal(answer.body.instance, '/failing/503');
  assert.doesNotMatch(JSON.stringify(answer.body), /secret/);
  assert.match(logged.join(''), /the secret message: the secret cause/);
  const unauthenticated = await send(`${url}/failing/401`, 'GET');
  assert.equal(unauthenticated.status, 401);
  assert.equal(unauthenticated.headers.get('www-authenticate'), 'Bearer');
});

test('the texts follow Accept-Language', async (t) => {
  const { url } = await startServer(t);
  const read = (language: string) =>
    send(`${url}/things?limit=0`, 'GET', undefined, { 'accept-language': language });
  const [ru, en] = [await read('de'), await read('en-GB')];
  assert.deepEqual(
    [ru.body.title, en.body.title],
    [commonProblems.invalidRequest.ru.title, commonProblems.invalidRequest.en.title],
  );
  assert.deepEqual(
    [ru.body.errors[0].detail, en.body.errors[0].detail],
    ['не меньше 1', 'at least 1'],
  );
});

test('the trace id is the one of a valid traceparent, else a new one', async (t) => {
  const { url } = await startServer(t);
  const read = async (traceparent: string): Promise<string> =>
    (await send(`${url}/nowhere`, 'GET', undefined, { traceparent })).body.traceId;
  const id = '0af7651916cd43dd8448eb211c80319c';
  assert.equal(await read(`00-${id}-b7ad6b7169203331-01`), id);
  for (const bad of [
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${id}-${'0'.repeat(16)}-01`,
    `ff-${id}-b7ad6b7169203331-01`,
    `00-${id.toUpperCase()}-b7ad6b7169203331-01`,
    id,
  ]) {
    const made = await read(bad);
    assert.match(made, /^[0-9a-f]{32}$/);
    assert.notEqual(made, id);
    assert.doesNotMatch(made, /^0+$/);
  }
});

/** Sends bytes and reads until the server closes. */
async function exchange(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  // A server that has answered may reset what the client still sends.
  socket.on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

test('two pipelined requests get two answers in their order', async (t) => {
  const { url } = await startServer(t);
  const get = (limit: number, rest = '') =>
    `GET /things?limit=${limit} HTTP/1.1\r\nHost: x\r\n${rest}\r\n`;
  const text = await exchange(url, get(1) + get(2, 'Connection: close\r\n'));
  assert.deepEqual(text.match(/HTTP\/1\.1 \d+|\{"limit":\d\}/g), [
    'HTTP/1.1 200',
    '{"limit":1}',
    'HTTP/1.1 200',
    '{"limit":2}',
  ]);
});

test('an unknown expectation is ignored', async (t) => {
  const { url } = await startServer(t);
  const text = await exchange(
    url,
    'GET /things?limit=1 HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\nConnection: close\r\n\r\n',
  );
  assert.match(text, /^HTTP\/1\.1 200 [\s\S]*\{"limit":1\}/);
});

test('headers of more than 16 KiB are 431, and what is no HTTP is 400', async (t) => {
  const { url } = await startServer(t);
  const cases: [bytes: string, status: number][] = [
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['HELO there\r\n\r\n', 400],
  ];
  for (const [bytes, status] of cases) {
    const text = await exchange(url, bytes);
    const [head = '', body = ''] = text.split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(head, /application\/problem\+json/);
    const problem = JSON.parse(body);
    assert.equal(problem.status, status);
    assert.match(problem.traceId, /^[0-9a-f]{32}$/);
  }
});

test('a port that is taken is named', async (t) => {
  const { url } = await startServer(t);
  const { port } = new URL(url);
  const app = createHttpServer({ log: pino({ level: 'silent' }) });
  t.after(() => app.close());
  await assert.rejects(listen(app, '127.0.0.1', Number(port), 'PORT'), {
    message: `port ${port} on 127.0.0.1 is already in use; PORT sets another`,
  });
});

test('a method that no route has is 405 with those that it has, also QUERY without a body', async (t) => {
  const app = createHttpServer({ log: pino({ level: 'silent' }) });
  t.after(() => app.close());
  app.get('/here', async () => ({}));
  const url = await listen(app, '127.0.0.1', 0);
  for (const method of ['QUERY', 'PROPFIND', 'DELETE']) {
    const answer = await fetch(`${url}/here`, { method });
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD'], method);
    assert.equal((await fetch(`${url}/nowhere`, { method })).status, 404, method);
  }
});
