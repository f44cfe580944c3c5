import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import {
  foreignAnswers,
  foreignOrderAnswers,
  type RawAnswer,
  type Replacement,
  startReplacingProxy,
} from '#harness/foreign-answers.ts';
import { type Cli, temporaryCli } from '#harness/system/cli.ts';
import { startTestSystem } from '#harness/system/system.ts';
import { createApi } from './api.ts';
import { CliError } from './exit-codes.ts';

// A proxy, a login page or another system answers in place of the gateway: the key survives.

const ID = '0198c0de-1111-7000-8000-000000000000';
const rub = (amount: number) => ({ amount, currency: 'RUB' });
const NOW = '2026-01-01T00:00:00.000Z';
const CUSTOMERS = JSON.stringify({
  data: [{ customerId: ID, name: 'Анна', email: 'a***@example.com', locale: 'ru', balance: null }],
  nextCursor: null,
});
const SIGNED_IN = { ORDERBELL_TOKEN: 'secret' };

/** The gateway's own answers to the requests of these tests. */
const realAnswers: Record<string, unknown> = {
  '/v1/orders': {
    id: ID,
    customerId: ID,
    status: 'Paid',
    statusReason: null,
    statusLabel: 'Оплачен',
    items: [{ name: 'Чай', quantity: 2, unitPrice: rub(100) }],
    total: rub(200),
    payment: { operationId: ID },
    version: 2,
    createdAt: NOW,
    updatedAt: NOW,
  },
  '/v1/wallet/top-ups': {
    id: ID,
    type: 'top_up',
    amount: rub(500),
    balanceAfter: rub(700),
    orderId: null,
    createdAt: NOW,
  },
};

interface Stranger {
  url: string;
  /** Keys of the requests so far. */
  keys: () => (string | undefined)[];
  /** A signed-in command line. */
  run: Cli['run'];
}

/** A server that gives the replacements as answers, one after the other. */
async function startStranger(t: TestContext, ...replacements: Replacement[]): Promise<Stranger> {
  const keys: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    request.resume();
    // Whom the operator tops up is found before anything is sent.
    if (request.url?.startsWith('/v1/operator/customers')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(CUSTOMERS);
      return;
    }
    const key = request.headers['idempotency-key']?.toString();
    const replacement = replacements[Math.min(keys.length, replacements.length - 1)];
    keys.push(key);
    const real: RawAnswer = {
      status: 201,
      headers: { 'content-type': 'application/json', 'idempotency-key': key ?? '' },
      body: JSON.stringify(realAnswers[request.url ?? ''] ?? {}),
    };
    const { status, headers, body } = replacement?.(real) ?? real;
    response.writeHead(status, headers).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cli = await temporaryCli(t, url);
  return { url, keys: () => keys, run: (...words) => cli.runWith({ env: SIGNED_IN }, ...words) };
}

const asItIs: Replacement = (real) => real;

/** Whether a command exits with 5 and names the very key that was sent. */
async function namesItsKey(t: TestContext, replacement: Replacement, ...words: string[]) {
  const { keys, run } = await startStranger(t, replacement);
  const { code, stderr, stdout } = await run(...words, '--wait', '0');
  assert.deepEqual([code, stdout], [5, ''], stderr);
  assert.equal(keys().length, 1);
  assert.ok(stderr.trimEnd().endsWith(` --key ${keys()[0]}`), stderr);
}

test('if another server answers instead of the gateway, an order and a top-up stay open', async (t) => {
  const answers = { ...foreignAnswers, ...foreignOrderAnswers };
  assert.ok(Object.keys(answers).length >= 40);
  const words = { unreachable: String, unexpected: String, maybeDone: () => null };
  for (const [name, replacement] of Object.entries(answers)) {
    const { url } = await startStranger(t, replacement);
    const token = () => 'secret';
    const api = createApi({ url, language: 'ru', token, onRepeat: () => {}, ...words });
    const sent = { key: 'monday', deadlineMs: 0 };
    const isOpen = (error: unknown) => error instanceof CliError && error.open;
    const body = { items: [{ name: 'Чай', quantity: 2, unitPrice: rub(100) }] };
    await assert.rejects(api.call('placeOrder', { ...sent, body }), isOpen, name);
    if (name in foreignOrderAnswers) continue;
    const amount = { amount: rub(500) };
    await assert.rejects(api.call('topUp', { ...sent, body: amount }), isOpen, name);
  }
});

for (const name of [
  '504 of a load balancer',
  '401 of a proxy',
  '200 login page',
  '201 empty',
  '307 to itself',
  'cut JSON',
  'garbage called gzip',
  'an answer about another amount',
]) {
  const replacement = foreignAnswers[name] as Replacement;
  test(`an order keeps its key: ${name}`, (t) => namesItsKey(t, replacement, 'order', 'Чай:2@1'));
}

test('a top-up keeps its key, also the operator’s', async (t) => {
  const lost = foreignAnswers['500 of something'] as Replacement;
  await namesItsKey(t, lost, 'top-up', '5');
  await namesItsKey(t, lost, 'operator', 'top-up', ID, '5', '--yes');
});

const ours = (status: number, code: string, headers = {}): Replacement => {
  const type = `urn:orderbell:problem:${code}`;
  const text = { title: 'Нет', detail: 'Нет.', traceId: 'x', retryable: status > 428 };
  return () => ({
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: JSON.stringify({ type, status, code, ...text }),
  });
};

for (const [status, code] of [
  [500, 'internal'],
  [503, 'unavailable'],
  [429, 'too-many-requests'],
] as const) {
  test(`${status} of ours keeps the key, too`, async (t) => {
    await namesItsKey(t, ours(status, code), 'order', 'Чай:2@1');
  });
}

test('it is repeated under its key until an answer of ours comes', async (t) => {
  const replacements = [foreignAnswers['504 of a load balancer'], foreignAnswers['429 of a proxy']];
  const { keys, run } = await startStranger(t, ...(replacements as Replacement[]), asItIs);
  const { code, stderr, stdout } = await run('order', 'Чай:2@1', '--json');
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).id, ID);
  assert.equal(keys().length, 3);
  assert.equal(new Set(keys()).size, 1);
});

for (const [status, name, exit] of [
  [401, 'unauthenticated', 6],
  [400, 'invalid-request', 5],
  [403, 'forbidden', 5],
] as const) {
  test(`${status} after an unknown outcome keeps the key, and exits with ${exit}`, async (t) => {
    const lost = foreignAnswers['502 null'] as Replacement;
    const { keys, run } = await startStranger(t, lost, ours(status, name));
    const { code, stderr } = await run('order', 'Чай:2@1');
    assert.equal(code, exit, stderr);
    assert.equal(keys().length, 2);
    assert.match(stderr, new RegExp(`^Нет\\. Нет\\.[\\s\\S]*--key ${keys()[0]}$`, 'm'));
  });
}

test('a refusal of the first request needs no key', async (t) => {
  const { run } = await startStranger(t, ours(400, 'invalid-request'));
  const { code, stderr } = await run('order', 'Чай:2@1');
  assert.equal(code, 1, stderr);
  assert.doesNotMatch(stderr, /--key/);
});

test('Ctrl-C while it repeats prints the key', async (t) => {
  const { url, keys } = await startStranger(t, foreignAnswers['502 null'] as Replacement);
  const cli = await temporaryCli(t, url);
  const words = ['order', 'Чай:2@1', '--wait', '600'];
  const { child, ended, errors } = cli.startWith({ env: SIGNED_IN }, ...words);
  t.after(() => child.kill('SIGKILL'));
  let stopped = false;
  child.stderr?.on('data', () => {
    if (stopped || !errors().includes('повторяю')) return;
    stopped = child.kill('SIGINT');
  });
  const { code, stderr } = await ended;
  assert.equal(code, 5, stderr);
  assert.match(stderr, new RegExp(`--key ${keys()[0]}$`, 'm'));
});

test('a request without a key says that it may be repeated', async (t) => {
  const { run } = await startStranger(t, foreignAnswers['200 empty object'] as Replacement);
  for (const words of [
    ['register', 'a@example.com', '--name', 'Анна', '--password', 'correct horse'],
    ['operator', 'resend', ID],
    ['operator', 'redrive', ID],
    ['operator', 'redrive', '--all'],
  ]) {
    const { code, stderr, stdout } = await run(...words);
    assert.deepEqual([code, stdout], [5, ''], words.join(' '));
    assert.match(stderr, /Неизвестно, выполнен ли запрос/, words.join(' '));
  }
});

test('reads that something else answers end with a line, and show nothing', async (t) => {
  const { run } = await startStranger(t, foreignAnswers['200 empty object'] as Replacement);
  for (const words of [['wallet'], ['operator', 'verify']]) {
    const { code, stderr, stdout } = await run(...words);
    assert.deepEqual([code, stdout], [1, ''], words.join(' '));
    assert.match(stderr, /не ответ Orderbell/, words.join(' '));
  }
});

test('through a proxy that loses answers an order and a top-up are done once', async (t) => {
  const system = await startTestSystem(t);
  const proxy = await startReplacingProxy(t, system.url);
  const cli = await temporaryCli(t, proxy.url);
  const anna = await system.customer({ topUp: 100_000 });
  const env = { ORDERBELL_TOKEN: anna.token };
  for (const name of ['504 of a load balancer', 'cut JSON']) {
    proxy.replace(/orders|top-ups/, foreignAnswers[name] as Replacement, 2);
    const order = await cli.runWith({ env }, 'order', 'Чай:2@1');
    assert.equal(order.code, 0, `${name}: ${order.stderr}`);
    proxy.replace(/orders|top-ups/, foreignAnswers[name] as Replacement);
    const lost = await cli.runWith({ env }, 'top-up', '5', '--wait', '0');
    assert.equal(lost.code, 5, `${name}: ${lost.stderr}`);
    proxy.replace(/orders|top-ups/, asItIs);
    const key = /--key (\S+)$/m.exec(lost.stderr)?.[1] ?? '';
    const again = await cli.runWith({ env }, 'top-up', '5', '--key', key);
    assert.equal(again.code, 0, `${name}: ${again.stderr}`);
  }
  const { body: operations } = await anna.call('GET', '/v1/wallet/operations');
  const sums = operations.data.map((each: { amount: { amount: number } }) => each.amount.amount);
  assert.deepEqual(sums, [500, -200, 500, -200, 100_000]);
});
