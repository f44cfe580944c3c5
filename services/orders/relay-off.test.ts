import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { AuditedOrder } from '#contracts/order-operations.ts';
import { createSecrets } from '#dev/system/secrets.ts';
import { createTestDatabaseUrl, queryRows, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { type OrdersService, startOrdersService } from '#harness/system/orders-service.ts';
import { publicKeysOf } from '#harness/system/processes.ts';
import { ConfigError, loadConfig } from '#platform/config/load-config.ts';
import { OrdersConfig, startOrders } from './service.ts';

const KEYS = await publicKeysOf(createSecrets());

async function auditOf({ call }: OrdersService): Promise<AuditedOrder[]> {
  const { status, body } = await call('GET', '/audit/orders?limit=500');
  assert.equal(status, 200, JSON.stringify(body));
  return body.data;
}

test('without the relay orders needs no broker, and still writes each event once', async (t) => {
  const orders = await startOrdersService(t, { OUTBOX_RELAY: 'off' });
  const paid = await orders.pending();
  const cancelled = await orders.pending();
  await orders.pay(paid.id);
  await orders.pay(paid.id);
  await orders.cancel(cancelled.id, 'declined');
  assert.deepEqual([await orders.events(paid.id), await orders.events(cancelled.id)], [1, 1]);
  // No relay has so much as claimed them.
  const { rows } = await orders.database.query(
    'select published_at, leased_until, attempts from outbox',
  );
  const untouched = { published_at: null, leased_until: null, attempts: 0 };
  assert.deepEqual(rows, [untouched, untouched]);
});

test('with the relay a broker must be named', () => {
  const settings = { ORDERS_DATABASE_URL: 'postgres://h/d', SERVICE_PUBLIC_KEYS: KEYS };
  assert.throws(
    () => loadConfig('orders', OrdersConfig, settings),
    (error) => error instanceof ConfigError && /BROKER_DATABASE_URL/.test(error.message),
  );
  assert.ok(loadConfig('orders', OrdersConfig, { ...settings, OUTBOX_RELAY: 'off' }));
  assert.throws(
    () => loadConfig('orders', OrdersConfig, { ...settings, OUTBOX_RELAY: 'no' }),
    /OUTBOX_RELAY must be one of on, off$/m,
  );
});

test('without the relay rows older than the retention are deleted', async (t) => {
  const url = await createTestDatabaseUrl(t);
  const settings = { ORDERS_DATABASE_URL: url, SERVICE_PUBLIC_KEYS: KEYS };
  const config = loadConfig('orders', OrdersConfig, { ...settings, OUTBOX_RELAY: 'off' });
  // The first start makes the table.
  await (await startOrders(config, testLog)).close();
  await queryRows(
    url,
    `insert into outbox (id, aggregatetype, aggregateid, type, payload, created_at)
     select gen_random_uuid(), 'order', age, 'x', '{}', now() - age::interval
     from unnest(array['6 days', '8 days']) as ages (age)`,
  );
  const service = await startOrders(config, testLog);
  try {
    await eventually('the old row deleted', async () => {
      const rows = await queryRows(url, 'select aggregateid from outbox');
      return rows.length === 1 && rows[0]?.aggregateid === '6 days';
    });
  } finally {
    await service.close();
  }
});

test('without the relay the audit says that events are handed over, and how old they are', async (t) => {
  const orders = await startOrdersService(t, { OUTBOX_RELAY: 'off' });
  const { id } = await orders.pending();
  await orders.pay(id);
  const [young] = await auditOf(orders);
  assert.deepEqual([young?.event, young?.position], ['handed-over', null]);
  const age = young?.eventAgeMs;
  assert.ok(typeof age === 'number' && age < 60_000, String(age));
  const ended = async (ago: string) => {
    await orders.database.query(`update orders set updated_at = now() - interval '${ago}'`);
    await orders.database.query(`update outbox set created_at = now() - interval '${ago}'`);
  };
  await ended('1 hour');
  const [old] = await auditOf(orders);
  assert.equal(old?.event, 'handed-over');
  assert.ok((old?.eventAgeMs ?? 0) >= 3_600_000, String(old?.eventAgeMs));

  // Deleted by its age, or before that time by somebody.
  await orders.database.query('delete from outbox');
  assert.equal((await auditOf(orders))[0]?.event, 'missing');
  await ended('7 days 1 minute');
  assert.equal((await auditOf(orders))[0]?.event, 'expired');
});

test('what a relay published before it was turned off keeps its place', async (t) => {
  const orders = await startOrdersService(t, { OUTBOX_RELAY: 'off' });
  const { id } = await orders.pending();
  await orders.pay(id);
  const topicId = randomUUID();
  await orders.database.query(
    'update outbox set published_at = now(), topic_id = $1, partition = 2, "offset" = 5',
    [topicId],
  );
  const [order] = await auditOf(orders);
  assert.equal(order?.event, 'published');
  assert.deepEqual(order?.position, { topicId, partition: 2, offset: 5 });
});
