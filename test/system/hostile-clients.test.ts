import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { test } from 'node:test';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { PASSWORD, startTestSystem, type TestSystem } from '#harness/system/system.ts';

const DEPTH = 10_000;
const deepArray = '['.repeat(DEPTH) + ']'.repeat(DEPTH);
const deepObject = `${'{"a":'.repeat(DEPTH / 2)}1${'}'.repeat(DEPTH / 2)}`;

const BODIES: Record<string, string> = {
  'nested arrays': deepArray,
  'nested objects': deepObject,
  'arrays that do not end': '['.repeat(60_000),
  'nested in each member': `{"items":${deepArray},"email":${deepObject},"amount":${deepArray}}`,
  'many members': `{${Array.from({ length: 5_000 }, (_, n) => `"k${n}":1`).join(',')}}`,
  'the same members again': `{${'"__proto__":{"a":1},"items":[],'.repeat(1_500)}"a":1}`,
  'many elements': `{"items":[${'1,'.repeat(30_000)}1]}`,
  'a long number': `{"items":[{"quantity":${'9'.repeat(60_000)}}],"amount":{"amount":-1e99999}}`,
};

/** Method and path of each public operation with a body. */
async function operationsWithBody(): Promise<[method: string, path: string][]> {
  const file = new URL('../../contracts/published/gateway.openapi.json', import.meta.url);
  const { paths } = JSON.parse(await readFile(file, 'utf8')) as {
    paths: Record<string, Record<string, { requestBody?: unknown }>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { requestBody }]) => requestBody !== undefined)
      .map(([method]): [string, string] => [
        method.toUpperCase(),
        path.replaceAll(/\{\w+\}/g, () => randomUUID()),
      ]),
  );
}

test('deep, wide and repeated JSON is refused by every operation that reads a body', async (t) => {
  const system = await startTestSystem(t);
  const operator = await system.operator();
  const operations = await operationsWithBody();
  assert.ok(operations.length >= 10);
  for (const [method, path] of operations) {
    for (const [what, body] of Object.entries(BODIES)) {
      const answer = await fetch(`${system.url}${path}`, {
        method,
        body,
        headers: {
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
          authorization: `Bearer ${operator.token}`,
        },
      });
      const text = await answer.text();
      const label = `${method} ${path} with ${what}: ${answer.status} ${text.slice(0, 200)}`;
      assert.ok(answer.status >= 400 && answer.status < 500, label);
      assert.ok(text.length < 64 * 1024, `${label} …, ${text.length} characters`);
    }
  }
});

test('clients that send their headers slowly are refused, and others do not wait', async (t) => {
  const system = await startTestSystem(t);
  const anna = await system.customer();
  const clients = Array.from({ length: 50 }, () => {
    const socket = connect(Number(new URL(system.url).port), '127.0.0.1');
    const client = { text: '', closed: false };
    socket.on('error', () => {});
    socket.on('close', () => {
      client.closed = true;
      clearInterval(sending);
    });
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      client.text += chunk;
    });
    socket.write('GET /v1/orders HTTP/1.1\r\nhost: localhost\r\nx-slow: ');
    const sending = setInterval(() => socket.write('a'), 200);
    t.after(() => socket.destroy());
    return client;
  });
  assert.equal((await anna.call('GET', '/v1/wallet')).status, 200);
  await eventually('all are refused', async () => clients.every(({ closed }) => closed), 60_000);
  for (const { text } of clients) assert.match(text, /^HTTP\/1\.1 408 /);
});

const ACCOUNTS = 8;
const WAITING_MAX = 16;
// After so many failures.
const WAIT_MS = 3_000;

/** Failures of accounts that come from everywhere: each further attempt waits. */
async function attack(system: TestSystem, signIn: (email: string, from: string) => unknown) {
  const emails = Array.from({ length: ACCOUNTS }, (_, n) => `victim${n}@example.com`);
  for (const [n, email] of emails.entries()) await signIn(email, `192.0.2.${n}`);
  const identity = system.databaseUrl('identity');
  await queryRows(identity, `update attempts set count = 100 where kind = 'sign-in-account'`);
  return emails;
}

test('attempts that wait for their turn leave room for other sign-ins and registrations', async (t) => {
  const system = await startTestSystem(t, { SIGN_INS_IN_FLIGHT_MAX: '64', TRUST_PROXY: '1' });
  const register = (email: string, from: string) =>
    call(system.url, 'POST', '/v1/registrations', {
      body: { email, password: PASSWORD, name: 'Anna' },
      headers: { 'x-forwarded-for': from },
    });
  const signIn = (email: string, from: string, password = 'a wrong password') =>
    call(system.url, 'POST', '/v1/sessions', {
      body: { email, password },
      headers: { 'x-forwarded-for': from },
    });
  assert.equal((await register('anna@example.com', '203.0.113.1')).status, 201);
  const emails = await attack(system, signIn);
  const statuses: number[] = [];
  const begun = performance.now();
  /** How long after the first one an attempt came at most. */
  let lateMs = 0;
  const attempts = Array.from({ length: 8 * ACCOUNTS }, async (_, n) => {
    const { status } = await signIn(emails[n % ACCOUNTS] as string, `198.51.100.${n}`);
    statuses.push(status);
    const waitedMs = status === 429 ? 0 : WAIT_MS;
    lateMs = Math.max(lateMs, performance.now() - begun - waitedMs);
  });
  await eventually('the others have lost', async () => statuses.length >= 64 - WAITING_MAX);
  assert.equal((await signIn('anna@example.com', '203.0.113.2', PASSWORD)).status, 200);
  assert.equal((await register('boris@example.com', '203.0.113.3')).status, 201);
  await Promise.all(attempts);
  // On a machine so slow that some come after others have waited, those get their places.
  const turns = 1 + Math.floor(lateMs / WAIT_MS);
  const waited = statuses.filter((status) => status !== 429).length;
  assert.ok(waited >= WAITING_MAX && waited <= WAITING_MAX * turns, `${waited} in ${turns} turns`);
});
