import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { testLog } from '#harness/database.ts';
import { call } from '#harness/requests.ts';
import { listen } from '#platform/http/server.ts';
import { checkLabSettings } from './lab.ts';
import { createLabServer } from './server.ts';
import { createSwitches } from './switches.ts';

async function startServer(t: TestContext) {
  const switches = createSwitches({ begin: () => () => {} });
  t.after(switches.offAll);
  const orders = { place: () => 7, list: async () => [], settled: async () => {} };
  const app = createLabServer({ secretPath: '/s', switches, orders: () => orders, log: testLog });
  t.after(() => app.close());
  return listen(app, '127.0.0.1', 0);
}

const onOf = (body: { data: { name: string; on: boolean }[] }) =>
  body.data.filter(({ on }) => on).map(({ name }) => name);

test('switches are turned by name, for a bounded time, and off together', async (t) => {
  const url = await startServer(t);
  const put = (name: string, body: unknown) => call(url, 'PUT', `/s/lab/faults/${name}`, { body });
  const on = await put('mail-hangs', { on: true, forS: 60 });
  assert.deepEqual([on.status, onOf(on.body)], [200, ['mail-hangs']]);
  assert.deepEqual(onOf((await put('broker-away', { on: true })).body), [
    'broker-away',
    'mail-hangs',
  ]);
  assert.deepEqual(onOf((await put('mail-hangs', { on: false })).body), ['broker-away']);
  assert.deepEqual(onOf((await call(url, 'DELETE', '/s/lab/faults')).body), []);
  for (const body of [{}, { on: 'yes' }, { on: true, forS: 601 }, { on: true, forS: 0 }, [1]]) {
    const refused = await put('mail-hangs', body);
    assert.deepEqual([refused.status, refused.body.code], [400, 'invalid-request']);
    assert.ok(refused.body.errors.length > 0);
  }
  assert.equal((await put('moon-away', { on: true })).status, 404);
  assert.deepEqual(onOf((await call(url, 'GET', '/s/lab/faults')).body), []);
});

test('only who knows the path gets in, and no page of another site', async (t) => {
  const url = await startServer(t);
  assert.equal((await call(url, 'GET', '/lab/faults')).status, 404);
  const headers = { origin: 'https://evil.example' };
  assert.equal((await call(url, 'DELETE', '/s/lab/faults', { headers })).status, 403);
  const placed = await call(url, 'POST', '/s/lab/orders');
  assert.deepEqual([placed.status, placed.body], [200, { number: 7 }]);
});

test('the lab refuses settings by which its faults would miss, or hit what is not its own', () => {
  checkLabSettings({ LISTEN_ADDRESS: '127.0.0.1', LOG_LEVEL: 'info' });
  for (const [name, value] of [
    ['SMTP_URL', 'smtp://mail.example'],
    ['KAFKA_BROKERS', 'kafka.example:9092'],
    ['NOTIFICATIONS_PROFILES_URL', 'http://127.0.0.1:1'],
    ['LISTEN_ADDRESS', '0.0.0.0'],
  ] as const) {
    const named = name.replace('NOTIFICATIONS_', '');
    assert.throws(
      () => checkLabSettings({ [name]: value }),
      new RegExp(`\\n {2}${named} is .*lab`),
    );
  }
});
