import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import {
  foreignAnswers,
  foreignOrderAnswers,
  type RawAnswer,
  type Replacement,
} from '#harness/foreign-answers.ts';
import {
  type ClientOptions,
  createClient,
  DeadlineError,
  NoAnswerError,
  OutcomeUnknownError,
  ProblemError,
} from './client.ts';

const ID = '0198c0de-1111-7000-8000-000000000000';
const NOW = '2026-01-01T00:00:00.000Z';
const rub = (amount: number) => ({ amount, currency: 'RUB' });
const CONTENT = { items: [{ name: 'Чай', quantity: 2, unitPrice: rub(100) }] };
const ORDER = {
  id: ID,
  customerId: ID,
  status: 'Paid',
  statusReason: null,
  statusLabel: 'Paid',
  items: CONTENT.items,
  total: rub(200),
  payment: { operationId: ID },
  version: 2,
  createdAt: NOW,
  updatedAt: NOW,
};
const CANCELLED = { ...ORDER, status: 'Cancelled', payment: null };

const json = (body: unknown, status = 200, headers = {}): RawAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

const problem = (status: number, code: string, members = {}, headers = {}): RawAnswer => ({
  status,
  headers: { 'content-type': 'application/problem+json', ...headers },
  body: JSON.stringify({
    type: `/problems/${code}`,
    ...{ title: 'No', detail: 'No.', traceId: 'x', retryable: status > 428, status, code },
    ...members,
  }),
});

interface Seen {
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A server that gives the answers one after the other, the last one for ever. */
async function startServer(
  t: TestContext,
  answers: ((seen: Seen, response: ServerResponse) => RawAnswer | null)[],
  options: Partial<ClientOptions> = {},
) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const one = { url: request.url ?? '', headers: request.headers, body };
      const next = answers[Math.min(seen.length, answers.length - 1)];
      seen.push(one);
      const answer = next?.(one, response) ?? null;
      if (answer !== null) response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createClient({ baseUrl, accessToken: 'secret', ...options });
  return { client, seen, keys: () => seen.map(({ headers }) => headers['idempotency-key']) };
}

const replaced = (replacement: Replacement, real: RawAnswer) => () => replacement(real);
const lost = replaced(foreignAnswers['502 null'] as Replacement, json({}));

test('no answer of another server ends an order or a top-up, and the error has the key', async (t) => {
  const answers = { ...foreignAnswers, ...foreignOrderAnswers };
  assert.ok(Object.keys(answers).length >= 40);
  const operation = { id: ID, type: 'top_up', amount: rub(500), balanceAfter: rub(700) };
  const isOpen = (error: unknown) => {
    assert.ok(error instanceof OutcomeUnknownError, String(error));
    return error.key === 'monday' && error.cause instanceof Error;
  };
  const once = { key: 'monday', deadlineMs: 0 };
  for (const [name, replacement] of Object.entries(answers)) {
    const { client } = await startServer(t, [
      ({ url }) =>
        replacement(
          json(url === '/v1/orders' ? ORDER : { ...operation, orderId: null, createdAt: NOW }, 201),
        ),
    ]);
    await assert.rejects(client.placeOrder(CONTENT, once), isOpen, name);
    if (name in foreignOrderAnswers) continue;
    await assert.rejects(client.topUp(rub(500), once), isOpen, name);
  }
});

test('an order is repeated with one key, its own or a new one, until the API answers', async (t) => {
  for (const key of ['monday', undefined]) {
    const { client, seen, keys } = await startServer(t, [lost, lost, () => json(ORDER, 201)]);
    let repetitions = 0;
    const order = await client.placeOrder(CONTENT, { key, onRepeat: () => void repetitions++ });
    assert.deepEqual([order.id, repetitions, seen.length], [ID, 2, 3]);
    assert.equal(new Set(keys()).size, 1);
    assert.match(String(keys()[0]), key === undefined ? /^[\da-f]{32}$/ : /^monday$/);
    assert.equal(seen[0]?.headers.authorization, 'Bearer secret');
  }
});

test('a write without a key is sent once, unless the caller allows more', async (t) => {
  const body = {
    email: 'a@example.com',
    password: 'correct horse',
    name: 'A',
    locale: 'en',
  } as const;
  const { client, seen } = await startServer(t, [lost]);
  await assert.rejects(client.call('register', { body }), (error: unknown) => {
    return error instanceof OutcomeUnknownError && error.key === undefined;
  });
  assert.equal(seen.length, 1);
  const profile = { customerId: ID, email: body.email, name: 'A', locale: 'en' };
  const second = await startServer(t, [lost, () => json(profile, 201)]);
  const answer = await second.client.call('register', { body, repeat: true });
  assert.equal(answer.body.customerId, ID);
  // It takes no token.
  assert.equal(second.seen[0]?.headers.authorization, undefined);
});

test('a refusal ends a first request, but not one whose answer was lost before', async (t) => {
  const refusal = () => problem(400, 'invalid-request');
  const { client } = await startServer(t, [refusal]);
  const isRefused = (error: unknown) => error instanceof ProblemError && !error.decided;
  await assert.rejects(client.placeOrder(CONTENT), isRefused);
  const isOpen = (error: unknown) =>
    error instanceof OutcomeUnknownError && isRefused(error.cause) && error.key === 'monday';
  const key = 'monday';
  const later = await startServer(t, [lost, refusal]);
  await assert.rejects(later.client.placeOrder(CONTENT, { key }), isOpen);
  await assert.rejects(client.placeOrder(CONTENT, { key, sentBefore: true }), isOpen);
});

test('a declined order is a result, also after a lost answer', async (t) => {
  const order = { ...CANCELLED, statusReason: 'insufficient-funds' };
  const shortage = { balance: rub(0), required: rub(200), shortfall: rub(200), order };
  const declined = () => problem(406, 'insufficient-funds', shortage);
  const { client } = await startServer(t, [lost, declined]);
  const found = await client.placeOrder(CONTENT);
  assert.deepEqual([found.status, found.statusReason], ['Cancelled', 'insufficient-funds']);
  const raw = await startServer(t, [declined]);
  await assert.rejects(raw.client.call('placeOrder', { body: CONTENT }), (error: unknown) => {
    assert.ok(error instanceof ProblemError);
    return error.decided && error.code === 'insufficient-funds' && error.status === 406;
  });
});

test('a Pending order is asked for again until it has ended, or returned at the deadline', async (t) => {
  const pending = () => json({ ...ORDER, status: 'Pending', payment: null }, 202);
  const { client, keys } = await startServer(t, [pending, () => json(ORDER, 201)]);
  assert.equal((await client.placeOrder(CONTENT)).status, 'Paid');
  assert.equal(new Set(keys()).size, 1);
  const slow = await startServer(t, [pending, lost]);
  assert.equal((await slow.client.placeOrder(CONTENT, { deadlineMs: 400 })).status, 'Pending');
  const patient = await startServer(t, [pending]);
  await patient.client.placeOrder(CONTENT, { awaitOutcome: false });
  assert.equal(patient.seen.length, 1);
});

test('both forms of a problem’s type and pointers are understood', async (t) => {
  const forms = [
    ['/problems/invalid-request', '#/items/0/unit%20price'],
    ['urn:orderbell:problem:invalid-request', '/items/0/unit price'],
  ];
  for (const [type, pointer] of forms) {
    const errors = [{ pointer, rule: 'minimum', detail: 'Too small.' }];
    const { client } = await startServer(t, [
      () => problem(400, 'invalid-request', { type, errors }),
    ]);
    await assert.rejects(client.placeOrder(CONTENT), (error: unknown) => {
      assert.ok(error instanceof ProblemError);
      assert.equal(error.errors[0]?.pointer, '/items/0/unit price');
      assert.deepEqual([error.traceId, error.retryable, error.message], ['x', false, 'No. No.']);
      return JSON.parse(error.text).errors[0].pointer === pointer;
    });
  }
});

test('Retry-After is kept, and ends the repetitions where it is longer than the deadline', async (t) => {
  const busy = (seconds: string) => () =>
    problem(503, 'unavailable', {}, { 'retry-after': seconds });
  const { client, seen } = await startServer(t, [busy('3600')]);
  await assert.rejects(client.placeOrder(CONTENT), (error: unknown) => {
    const { cause } = error as OutcomeUnknownError;
    return cause instanceof ProblemError && cause.retryAfterMs === 3_600_000 && cause.retryable;
  });
  assert.equal(seen.length, 1);
  // Another server's header says nothing about the API.
  const proxy = foreignAnswers['429 of a proxy'] as Replacement;
  const behind = await startServer(t, [replaced(proxy, json({})), () => json(ORDER, 201)]);
  assert.equal((await behind.client.placeOrder(CONTENT)).id, ID);
});

test('what the API calls pointless is not repeated', async (t) => {
  const { client, seen } = await startServer(t, [
    () => problem(500, 'internal', { retryable: false }),
  ]);
  await assert.rejects(client.placeOrder(CONTENT), OutcomeUnknownError);
  assert.equal(seen.length, 1);
});

test('a refused token is replaced once, and nothing else is', async (t) => {
  const asked: (string | undefined)[] = [];
  const getAccessToken = (refused?: string) => {
    asked.push(refused);
    return refused === undefined ? 'old' : 'new';
  };
  const isNew = ({ headers }: Seen) =>
    headers.authorization === 'Bearer new' ? json(ORDER, 201) : problem(401, 'unauthenticated');
  const { client, seen } = await startServer(t, [isNew], { getAccessToken });
  await client.placeOrder(CONTENT);
  assert.deepEqual([asked, seen.length], [[undefined, 'old'], 2]);
  const denied = await startServer(t, [() => problem(401, 'unauthenticated')]);
  await assert.rejects(denied.client.placeOrder(CONTENT), { code: 'unauthenticated' });
  assert.equal(denied.seen.length, 1);
  const fallen = await startServer(t, [() => json(ORDER, 201)], {
    getAccessToken: () => Promise.reject(new Error('signed out')),
  });
  await assert.rejects(fallen.client.placeOrder(CONTENT), /signed out/);
  assert.equal(fallen.seen.length, 0);
});

test('a stopped write may be done, a stopped read is just stopped', async (t) => {
  const stop = new AbortController();
  const reason = new Error('the page was left');
  const held = () => {
    stop.abort(reason);
    return null;
  };
  const { client } = await startServer(t, [held]);
  await assert.rejects(client.placeOrder(CONTENT, { signal: stop.signal, key: 'monday' }), {
    name: 'OutcomeUnknownError',
    key: 'monday',
    cause: reason,
  });
  // Nothing was sent.
  await assert.rejects(client.placeOrder(CONTENT, { signal: stop.signal }), reason);
  await assert.rejects(client.call('readWallet', { signal: stop.signal }), reason);
});

test('repetitions can be ended while the request that is under way goes on', async (t) => {
  const until = new AbortController();
  const reason = new Error('the page was left');
  const left = () => {
    until.abort(reason);
    return json(ORDER, 201);
  };
  const { client } = await startServer(t, [left]);
  assert.equal((await client.placeOrder(CONTENT, { until: until.signal })).status, 'Paid');
  const again = new AbortController();
  const onRepeat = () => again.abort(reason);
  const { client: other, seen } = await startServer(t, [lost]);
  await assert.rejects(other.placeOrder(CONTENT, { until: again.signal, onRepeat }), {
    name: 'OutcomeUnknownError',
    cause: reason,
  });
  assert.equal(seen.length, 1);
});

test('an answer that does not come in time, or breaks off, is none', async (t) => {
  const { client } = await startServer(t, [() => null], { timeoutMs: 50, deadlineMs: 0 });
  await assert.rejects(client.call('readWallet'), (error: unknown) => {
    assert.ok(error instanceof NoAnswerError);
    return error.reason === 'unreachable' && error.message === 'no answer within 50 ms';
  });
  const cut = (_: Seen, response: ServerResponse) => {
    response.writeHead(200, { 'content-length': '100' }).write('{');
    setImmediate(() => response.destroy());
    return null;
  };
  const broken = await startServer(t, [cut], { deadlineMs: 0 });
  await assert.rejects(broken.client.call('readWallet'), { reason: 'broken', status: 0 });
});

test('an unchanged answer is not read again; a 304 to another ETag is none of ours', async (t) => {
  const first = () => json(ORDER, 200, { etag: '"one"' });
  const unchanged = ({ headers }: Seen): RawAnswer => {
    assert.equal(headers['if-none-match'], '"one"');
    return { status: 304, headers: { etag: 'W/"one"' }, body: '' };
  };
  const params = { orderId: ID };
  const { client } = await startServer(t, [first, unchanged]);
  const former = await client.call('readOrder', { params });
  assert.equal(await client.call('readOrder', { params, former }), former);
  const other = () => ({ status: 304, headers: { etag: '"two"' }, body: '' });
  const cached = await startServer(t, [other], { deadlineMs: 0 });
  await assert.rejects(cached.client.call('readOrder', { params, former }), { reason: 'foreign' });
  // A server without ETags is read as a whole.
  const plain = await startServer(t, [() => json(ORDER)]);
  const again = await plain.client.call('readOrder', { params });
  assert.equal((await plain.client.call('readOrder', { params, former: again })).body.id, ID);
  assert.equal(plain.seen[1]?.headers['if-none-match'], undefined);
});

test('the language is sent in a form that clients of a former version do not use', async (t) => {
  for (const language of ['ru', 'en']) {
    const { client, seen } = await startServer(t, [() => json(ORDER)], { language });
    await client.call('readOrder', { params: { orderId: ID } });
    assert.equal(seen[0]?.headers['accept-language'], `${language}, *;q=0.5`);
  }
});

test('pages are read as they are needed, with the same query', async (t) => {
  const { client, seen } = await startServer(t, [
    () => json({ data: [ORDER, ORDER], nextCursor: 'a b' }),
    () => json({ data: [], nextCursor: 'c' }),
    () => json({ data: [ORDER], nextCursor: null }),
  ]);
  const orders = await Array.fromAsync(client.pages('readOrders', { query: { status: 'Paid' } }));
  assert.equal(orders.length, 3);
  assert.deepEqual(
    seen.map(({ url }) => url),
    ['', '&cursor=a+b', '&cursor=c'].map((rest) => `/v1/orders?status=Paid${rest}`),
  );
  const lazy = await startServer(t, [() => json({ data: [ORDER], nextCursor: 'more' })]);
  for await (const order of lazy.client.pages('readOrders')) {
    assert.equal(order.id, ID);
    break;
  }
  assert.equal(lazy.seen.length, 1);
});

test('a letter that is not sent in time is reported with its state', async (t) => {
  const letter = { id: ID, orderId: ID, kind: 'happiness', state: 'queued', attempts: [] };
  const { client, seen } = await startServer(t, [() => json({ data: [letter], nextCursor: null })]);
  await assert.rejects(client.waitForLetter(ID, { deadlineMs: 0 }), (error: unknown) => {
    return error instanceof DeadlineError && error.message.includes('is queued');
  });
  assert.equal(seen[0]?.url, `/v1/letters?orderId=${ID}`);
});

test('parameters are encoded, and an empty one is refused', async (t) => {
  const { client, seen } = await startServer(t, [() => problem(404, 'not-found')]);
  await assert.rejects(client.call('readOrder', { params: { orderId: 'a/b' } }), ProblemError);
  assert.equal(seen[0]?.url, '/v1/orders/a%2Fb');
  assert.throws(() => client.call('readOrder', { params: { orderId: '' } }), /orderId is empty/);
});

test('the types refuse what the operation does not take', () => {
  const { call, pages } = createClient({ baseUrl: 'http://127.0.0.1:1' });
  const unused = [
    // @ts-expect-error: no such operation
    () => call('readOder'),
    // @ts-expect-error: the parameter is missing
    () => call('readOrder'),
    // @ts-expect-error: the parameter has another name
    () => call('readOrder', { params: { id: ID } }),
    // @ts-expect-error: no such status
    () => call('readOrders', { query: { status: 'Done' } }),
    // @ts-expect-error: it takes no key
    () => call('readOrders', { key: 'monday' }),
    // @ts-expect-error: it has no pages
    () => pages('readWallet'),
    async () => (await call('readWallet')).body.balance.amount satisfies number,
  ];
  assert.equal(unused.length, 7);
});
