import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { SERVICES_WITH_DATABASE } from '#dev/system/services.ts';
import { closeDatabase, queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { startTestIssuer } from '#harness/issuer.ts';
import { call } from '#harness/requests.ts';
import {
  healthOf,
  type ProcessSettings,
  processSettings,
  type ServiceProcess,
  startServiceProcess,
} from '#harness/system/processes.ts';

// Each service alone, as a process: what it needs to start, and its health checks.

const untilHealth = (url: string, status: number) =>
  eventually(`${status} of ${url}/readyz`, async () => (await healthOf(url, '/readyz')) === status);

async function end({ child, exited }: ServiceProcess): Promise<void> {
  child.kill('SIGTERM');
  assert.equal(await exited, 0);
}

/**
 * Blocks migrations of a database at their first step.
 * @returns waits until a process is blocked there, which the others wait for, then releases it
 */
async function holdMigrations(url: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('begin');
  await client.query('create table migrations (name text)');
  return async () => {
    await eventually('one that waits', async () => {
      // Not by the client: in its transaction the view stays as it was first read.
      const rows = await queryRows(
        url,
        `select pid from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows.length === 1;
    });
    await client.query('rollback');
    await client.end();
  };
}

for (const name of SERVICES_WITH_DATABASE) {
  test(`${name}: replicas that start together on an empty database are all ready`, async (t) => {
    const settings = await processSettings(t);
    const go = await holdMigrations(settings.databaseUrl(name));
    const replicas = [1, 2, 3].map(() => startServiceProcess(t, name, settings.of(name)));
    await go();
    const urls = await Promise.all(replicas.map((replica) => replica.listening()));
    for (const url of urls) {
      assert.deepEqual([await healthOf(url, '/livez'), await healthOf(url, '/readyz')], [200, 200]);
    }
    await Promise.all(replicas.map(end));
  });

  test(`${name}: it waits for its database, is ready with it and only alive without`, async (t) => {
    const settings = await processSettings(t);
    let bringBack = await closeDatabase(settings.databaseUrl(name));
    const service = startServiceProcess(t, name, settings.of(name));
    await eventually('a try in vain', async () =>
      service.printed().includes('cannot be reached, trying again'),
    );
    await bringBack();
    const url = await service.listening();
    assert.equal(await healthOf(url, '/readyz'), 200);

    bringBack = await closeDatabase(settings.databaseUrl(name));
    await untilHealth(url, 503);
    assert.equal(await healthOf(url, '/livez'), 200);
    await bringBack();
    await untilHealth(url, 200);
  });
}

test('orders stays ready while the broker is down', async (t) => {
  const settings = await processSettings(t);
  const url = await startServiceProcess(t, 'orders', settings.of('orders')).listening();
  await closeDatabase(settings.databaseUrl('broker'));
  assert.equal(await healthOf(url, '/readyz'), 200);
});

/** Orders, billing and two gateways as processes. The gateways reach the keys, and nothing else. */
async function startOrderPath(t: TestContext, settings: ProcessSettings) {
  const orders = startServiceProcess(t, 'orders', settings.of('orders'));
  const billing = startServiceProcess(t, 'billing', settings.of('billing'));
  const [ORDERS_URL, BILLING_URL] = [await orders.listening(), await billing.listening()];
  const identity = await startTestIssuer(t);
  const env = settings.of('gateway', { ORDERS_URL, BILLING_URL, IDENTITY_URL: identity.url });
  const gateways = [1, 2].map(() => startServiceProcess(t, 'gateway', env));
  return { orders, billing, identity, gateways };
}

test('a gateway is ready with keys, orders and billing, and needs nothing else for it', async (t) => {
  const { orders, billing, identity, gateways } = await startOrderPath(t, await processSettings(t));
  const [url = ''] = await Promise.all(gateways.map((gateway) => gateway.listening()));
  assert.equal(await healthOf(url, '/readyz'), 200);
  // The keys that it has are enough.
  await identity.close();
  assert.equal(await healthOf(url, '/readyz'), 200);
  billing.child.kill('SIGSTOP');
  await untilHealth(url, 503);
  const { body } = await call(url, 'GET', '/readyz');
  assert.deepEqual(body, { status: 'unavailable', failed: ['billing'] });
  assert.equal(await healthOf(url, '/livez'), 200);
  billing.child.kill('SIGCONT');
  await untilHealth(url, 200);
  await end(orders);
  await untilHealth(url, 503);
  await Promise.all(gateways.map(end));
});
