import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** An answer as it goes over the wire. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

/** Replaces the real answer of the gateway. */
export type Replacement = (real: RawAnswer) => RawAnswer;

const JSON_TYPE = 'application/json';
const PROBLEM_TYPE = 'application/problem+json';
const HTML_TYPE = 'text/html; charset=utf-8';

const answer =
  (status: number, type: string | null, body: string, headers = {}): Replacement =>
  () => ({ status, headers: { ...(type !== null && { 'content-type': type }), ...headers }, body });

/** The real body with other members, under the real status and headers. */
const changed =
  (change: (body: Body) => unknown): Replacement =>
  (real) => ({ ...real, body: JSON.stringify(change(JSON.parse(real.body.toString()))) });

// biome-ignore lint/suspicious/noExplicitAny: the answer is read as a client reads it
type Body = any;

/** The real body with its order's total, or its top-up's amount, changed. */
const withMoney = (change: (money: Body) => object): Replacement =>
  changed(({ total, amount, ...rest }) => ({
    ...rest,
    ...(total && { total: { ...total, ...change(total) } }),
    ...(amount && { amount: { ...amount, ...change(amount) } }),
  }));

const OTHER_ID = '0198c0de-0000-7000-8000-000000000000';
const problem = (status: number, code: string, changes = {}) =>
  JSON.stringify({
    type: `urn:orderbell:problem:${code}`,
    title: 'No',
    status,
    detail: 'No.',
    instance: '/',
    code,
    traceId: '0'.repeat(32),
    retryable: false,
    ...changes,
  });

/** Answers of other systems to a request that succeeded, whose real answer is 201 with JSON. */
export const foreignAnswers: Record<string, Replacement> = {
  '504 of a load balancer': answer(504, JSON_TYPE, '{"message":"Endpoint request timed out"}'),
  '500 of something': answer(500, JSON_TYPE, '{"error":"x"}'),
  '502 null': answer(502, JSON_TYPE, 'null'),
  '503 without a body': answer(503, null, ''),
  '429 of a proxy': answer(429, JSON_TYPE, '{"message":"slow down"}', { 'retry-after': '3600' }),
  '400 of a firewall': answer(400, JSON_TYPE, '{"code":"blocked","detail":"no"}'),
  '401 of a proxy': answer(401, HTML_TYPE, 'login', { 'www-authenticate': 'Basic realm="proxy"' }),
  '401 JSON of something': answer(401, JSON_TYPE, '{"code":"unauthenticated","detail":"x"}'),
  '403 page': answer(403, HTML_TYPE, '<h1>Forbidden</h1>'),
  '404 JSON': answer(404, JSON_TYPE, '{"error":"not found"}'),
  '406 without an order': answer(406, PROBLEM_TYPE, problem(406, 'insufficient-funds')),
  '409 of something': answer(409, JSON_TYPE, '{"code":"order-cancelled","detail":"x"}'),
  '200 login page': answer(200, HTML_TYPE, '<form>password</form>'),
  '200 empty object': answer(200, JSON_TYPE, '{}'),
  '201 empty object': answer(201, JSON_TYPE, '{}'),
  '201 empty': answer(201, JSON_TYPE, ''),
  '201 without a type': answer(201, null, ''),
  '201 array': answer(201, JSON_TYPE, '[]'),
  '201 null': answer(201, JSON_TYPE, 'null'),
  '202 empty object': answer(202, JSON_TYPE, '{}'),
  '204': answer(204, null, ''),
  '301': answer(301, HTML_TYPE, 'moved', { location: '/sign-in' }),
  '307 to itself': answer(307, null, '', { location: '/v1/orders' }),
  '302 to another host': answer(302, null, '', { location: 'http://127.0.0.1:1/login' }),
  'problem of another system': answer(
    502,
    PROBLEM_TYPE,
    '{"type":"about:blank","title":"Bad Gateway","status":502}',
  ),
  'final problem of another system': answer(
    422,
    PROBLEM_TYPE,
    '{"type":"about:blank","title":"No","status":422,"detail":"x","code":"no","traceId":"x"}',
  ),
  'our problem under another status': answer(403, PROBLEM_TYPE, problem(400, 'invalid-request')),
  'our problem with a wrong pair': answer(409, PROBLEM_TYPE, problem(409, 'forbidden')),
  'our problem as plain JSON': answer(400, JSON_TYPE, problem(400, 'invalid-request')),
  'our problem with an unknown code': answer(400, PROBLEM_TYPE, problem(400, 'nonsense')),
  'our problem without a trace': answer(
    400,
    PROBLEM_TYPE,
    problem(400, 'invalid-request', { traceId: undefined }),
  ),
  'cut JSON': (real) => ({ ...real, body: real.body.toString().slice(0, -20) }),
  'the real body under 200': (real) => ({ ...real, status: 200 }),
  'the real body as HTML': (real) => ({
    ...real,
    headers: { ...real.headers, 'content-type': HTML_TYPE },
  }),
  'garbage called gzip': (real) => ({
    ...real,
    headers: { ...real.headers, 'content-encoding': 'gzip' },
    body: 'this is no gzip',
  }),
  'a very large page': answer(200, HTML_TYPE, 'x'.repeat(8_000_000)),
  'an answer to another key': (real) => ({
    ...real,
    headers: { ...real.headers, 'idempotency-key': 'another' },
  }),
  'an answer without its amount': changed(({ total: _t, amount: _a, ...rest }) => rest),
  'an answer about another amount': withMoney((money) => ({ amount: money.amount + 1 })),
  'an answer in another currency': withMoney(() => ({ currency: 'USD' })),
  'an id that is none': changed((body) => ({ ...body, id: '17' })),
};

/** Answers about another order: of the right shape, with other content. */
export const foreignOrderAnswers: Record<string, Replacement> = {
  'another order': changed((body) => ({
    ...body,
    id: OTHER_ID,
    items: [{ ...body.items[0], name: 'Another' }],
  })),
  'other quantities': changed((body) => ({
    ...body,
    items: [{ ...body.items[0], quantity: body.items[0].quantity + 1 }],
  })),
  'fewer items': changed((body) => ({ ...body, items: [] })),
  'a cancelled order under 201': changed((body) => ({
    ...body,
    status: 'Cancelled',
    statusReason: 'insufficient-funds',
    payment: null,
  })),
  'a pending order under 201': changed((body) => ({ ...body, status: 'Pending', payment: null })),
  'a paid order under 202': (real) => ({ ...real, status: 202 }),
};

export type ReplacingProxy = Awaited<ReturnType<typeof startReplacingProxy>>;

/** An HTTP proxy in front of a gateway that may replace its answers; ended with the test. */
export async function startReplacingProxy(t: TestContext, target: string) {
  let rule: { path: RegExp; replacement: Replacement; left: number } | undefined;
  /** Every POST so far. */
  const posts: { path: string; key: string | undefined }[] = [];
  const server = createServer((request, response) => {
    void pass(request, target).then((real) => {
      const path = request.url ?? '';
      let sent = real;
      if (request.method === 'POST') {
        posts.push({ path, key: request.headers['idempotency-key']?.toString() });
        if (rule?.path.test(path) && rule.left > 0) {
          rule.left -= 1;
          sent = rule.replacement(real);
        }
      }
      response.writeHead(sent.status, sent.headers).end(sent.body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Replaces the next answers to POSTs of a path; the requests still reach the gateway. */
    replace(path: RegExp, replacement: Replacement, times = Number.POSITIVE_INFINITY): void {
      rule = { path, replacement, left: times };
    },
    posts,
  };
}

// Headers of the connection, and those that a replaced body makes wrong.
const NOT_PASSED = ['connection', 'keep-alive', 'transfer-encoding', 'content-length'];

async function pass(request: IncomingMessage, target: string): Promise<RawAnswer> {
  const { method, url, headers } = request;
  const forwarded = httpRequest(new URL(url ?? '/', target), {
    method,
    headers: { ...headers, connection: 'close' },
  });
  request.pipe(forwarded);
  const [answered] = (await once(forwarded, 'response')) as [IncomingMessage];
  const kept = Object.entries(answered.headers).filter(([name]) => !NOT_PASSED.includes(name));
  return {
    status: answered.statusCode ?? 0,
    headers: Object.fromEntries(kept) as Record<string, string>,
    body: Buffer.concat(await answered.toArray()),
  };
}
