import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { spawnNode } from '#harness/child-process.ts';
import { testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { foreignAnswers, type Replacement, startReplacingProxy } from '#harness/foreign-answers.ts';
import { call } from '#harness/requests.ts';
import { testLayout } from '#harness/system/layout.ts';
import { serverPid, temporaryHome } from '#harness/system/start.ts';
import { startTestSystem, type TestSystem } from '#harness/system/system.ts';
import { freePort } from '../files/free-port.ts';
import { makeDeadLetter } from './dead-letter.ts';
import { DEMO_PASSWORD, demoCustomers, demoItems } from './shop.ts';

/** `npm run demo` as a process, without npm. */
function startDemo(t: TestContext, env: Record<string, string>, ...words: string[]) {
  const { child, printed, exited } = spawnNode([join(import.meta.dirname, 'demo.ts'), ...words], {
    env: { ...process.env, ORDERBELL_URL: '', LOG_LEVEL: 'error', ...env },
  });
  t.after(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  return { child, printed, ended: exited };
}

async function signedIn(url: string, email: string, password = DEMO_PASSWORD) {
  const { body } = await call(url, 'POST', '/v1/sessions', { body: { email, password } });
  const headers = { authorization: `Bearer ${body.accessToken}` };
  return async (path: string) => (await call(url, 'GET', path, { headers })).body;
}

/** The records of customers: orders by status, the balance, the operations. */
async function booksOf(system: TestSystem) {
  const books = [];
  for (const { email } of demoCustomers(4)) {
    const read = await signedIn(system.url, email);
    books.push({
      orders: (await read('/v1/orders?limit=100')).data,
      wallet: await read('/v1/wallet'),
      operations: (await read('/v1/wallet/operations?limit=100')).data,
    });
  }
  return books;
}

const FILL = ['--customers', '4', '--orders', '40', '--seed', 'test'];

test('the demonstration fills every list, and a second run doubles nothing', async (t) => {
  const system = await startTestSystem(t);
  const home = await mkdtemp(join(tmpdir(), 'orderbell-demo-'));
  t.after(() => rm(home, { recursive: true }));
  const env = { ORDERBELL_HOME: home };
  // Some answers get lost on the way: each request is repeated under its key.
  const proxy = await startReplacingProxy(t, system.url);
  proxy.replace(/orders|top-ups/, foreignAnswers['504 of a load balancer'] as Replacement, 3);
  const first = startDemo(t, env, '--url', proxy.url, ...FILL);
  assert.equal(await first.ended, 0, first.printed());
  const [, orders, paid, cancelled] =
    /(\d+) orders: (\d+) paid, (\d+) cancelled\./.exec(first.printed()) ?? [];
  assert.equal(orders, '40', first.printed());
  assert.ok(Number(paid) > Number(cancelled) && Number(cancelled) > 0, first.printed());
  // Not the data folder of this system: it must not be reached for.
  assert.match(first.printed(), /No broken message was made/);

  const books = await booksOf(system);
  const statuses = books.flatMap((book) =>
    book.orders.map((order: { status: string }) => order.status),
  );
  assert.equal(statuses.filter((status) => status === 'Paid').length, Number(paid));
  assert.equal(statuses.filter((status) => status === 'Cancelled').length, Number(cancelled));
  assert.ok(books.every(({ operations }) => operations.length > 0));

  await eventually('letters of every kind', async () => {
    const [anna, oliver, refuse, busy] = await Promise.all(
      demoCustomers(4).map(async ({ email }) => {
        const { data } = await (await signedIn(system.url, email))('/v1/letters?limit=100');
        return data as { state: string; subject: string | null; attempts: unknown[] }[];
      }),
    );
    const sentWith = (letters: typeof anna, start: string) =>
      letters?.some(({ state, subject }) => state === 'sent' && subject?.startsWith(start));
    return (
      sentWith(anna, 'Письмо счастья') &&
      sentWith(anna, 'Письмо горя') &&
      sentWith(oliver, 'Letter of happiness') &&
      refuse?.every(({ state }) => state === 'failed') &&
      busy?.every(({ attempts, state }) => state === 'queued' && attempts.length > 0)
    );
  });

  // Without an address it fills the system that the data folder names.
  const note = JSON.stringify({ url: system.url, pid: process.pid });
  await writeFile(join(home, 'running.json'), note);
  const second = startDemo(t, env, ...FILL);
  assert.equal(await second.ended, 0, second.printed());
  assert.match(second.printed(), new RegExp(`40 orders: ${paid} paid, ${cancelled} cancelled`));
  assert.doesNotMatch(second.printed(), /--url/);
  assert.deepEqual(await booksOf(system), books);
});

const EMBEDDED = { skip: testLayout() === 'one-process' ? false : 'only with the embedded broker' };

test('the broken message becomes a dead letter, once per seed', EMBEDDED, async (t) => {
  const system = await startTestSystem(t);
  const reachable = {
    url: system.url,
    operatorPassword: system.secrets.operatorPassword,
    brokerDatabaseUrl: system.databaseUrl('broker'),
  };
  const foreign = { ...reachable, operatorPassword: 'of another folder' };
  assert.equal(await makeDeadLetter(foreign, 'a', testLog), false);
  assert.deepEqual(await system.broker.listMessages(), []);
  for (const seed of ['a', 'a', 'b']) {
    assert.equal(await makeDeadLetter(reachable, seed, testLog), true);
  }
  const operator = await system.operator();
  const { body } = await operator.call('GET', '/v1/operator/dead-letters');
  assert.deepEqual(
    body.data.map(({ key, error }: { key: string; error: string }) => [key, /orderId/.test(error)]),
    [
      ['demo-b', true],
      ['demo-a', true],
    ],
  );
});

test('where nothing answers it starts the system, which stays up until Ctrl-C', async (t) => {
  const { home } = await temporaryHome(t);
  const port = await freePort();
  const env = { ORDERBELL_HOME: home, PORT: String(port) };
  const demo = startDemo(t, env, '--customers', '3', '--orders', '6');
  await eventually(
    'the end of the fill',
    async () => {
      if (demo.child.exitCode !== null) throw new Error(demo.printed());
      return demo.printed().includes('stays up');
    },
    120_000,
  );
  assert.match(demo.printed(), /3 customers and 6 orders/);
  assert.match(demo.printed(), /a dead letter\.$/m);
  const read = await signedIn(`http://127.0.0.1:${port}`, 'anna@example.com');
  assert.ok((await read('/v1/orders')).data.length > 0);
  demo.child.kill('SIGINT');
  assert.equal(await demo.ended, 0, demo.printed());
  assert.equal(serverPid(home), undefined);
});

test('a wrong option is named, and nothing is started', async (t) => {
  for (const [words, says] of [
    [['--orders', 'many'], /--orders is a whole number from 0 to 100000, not "many"/],
    [['--customers', '51'], /--customers is/],
    [['--seed', 'a b'], /--seed is/],
    [['--url', 'here'], /--url is/],
    [['--speed', '3'], /--speed/],
  ] as const) {
    const demo = startDemo(t, {}, ...words);
    assert.equal(await demo.ended, 2);
    assert.match(demo.printed(), says);
    assert.match(demo.printed(), /npm run demo -- \[options\]/);
  }
  const elsewhere = startDemo(t, {}, '--url', 'http://shop.invalid');
  assert.equal(await elsewhere.ended, 1);
  assert.match(elsewhere.printed(), /nothing answers at http:\/\/shop\.invalid/);
});

test('what a customer orders follows from the seed', () => {
  const [anna, oliver] = demoCustomers(2);
  assert.ok(anna && oliver);
  const items = (seed: string, customer = anna) =>
    Array.from({ length: 20 }, (_, number) => demoItems(seed, customer, number, 'RUB'));
  assert.deepEqual(items('1'), items('1'));
  assert.notDeepEqual(items('1'), items('2'));
  assert.match(JSON.stringify(items('1')), /Чай/);
  assert.match(JSON.stringify(items('1', oliver)), /tea/);
  const emails = demoCustomers(50).map(({ email }) => email);
  assert.equal(new Set(emails).size, 50);
});
