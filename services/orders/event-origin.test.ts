import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ORDER_UPDATE_TYPE, OrderUpdateMessage } from '#contracts/order-update-message.ts';
import { createSecrets } from '#dev/system/secrets.ts';
import { openBroker } from '#harness/broker/broker.ts';
import { collect, until } from '#harness/broker/contract-helpers.ts';
import { type OrdersService, startOrdersService } from '#harness/system/orders-service.ts';
import { publicKeysOf } from '#harness/system/processes.ts';
import type { IncomingMessage } from '#platform/broker/port/broker.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { createReader } from '#platform/messaging/consumer/read-message.ts';
import { OrdersConfig } from './service.ts';

const SOURCE = 'https://shop.example/orders';
const ALIAS = 'com.example.orderbell.order.updated.v1';
const NAMED = { EVENT_SOURCE: SOURCE, EVENT_TYPE_ALIAS: ALIAS };
const KEYS = await publicKeysOf(createSecrets());

/** What arrives on the topic, by the key of each message. */
async function watchTopic(t: TestContext, orders: OrdersService) {
  const url = orders.databaseUrl('BROKER_DATABASE_URL');
  const broker = await openBroker({ BROKER_DATABASE_URL: url });
  const received: IncomingMessage[] = [];
  await broker.subscribe('orders', 'look', collect(received));
  t.after(() => broker.close());
  return async (orderId: string) => {
    const find = () => received.find(({ key }) => String(key) === orderId);
    await until('the event arrived', () => find() !== undefined);
    return find() as IncomingMessage;
  };
}

const headersOf = ({ headers }: IncomingMessage) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

test('by default the source is /orders, and there is no second name of the type', async (t) => {
  const orders = await startOrdersService(t);
  const eventOf = await watchTopic(t, orders);
  const { id } = await orders.pending();
  await orders.pay(id);
  const headers = headersOf(await eventOf(id));
  assert.equal(headers.ce_source, '/orders');
  assert.ok(!('ce_typealias' in headers));
});

test('new events have the source and the second name of the settings, and our consumer reads them', async (t) => {
  const orders = await startOrdersService(t, NAMED);
  const eventOf = await watchTopic(t, orders);
  const { id } = await orders.pending();
  await orders.pay(id);
  const message = await eventOf(id);
  const headers = headersOf(message);
  assert.deepEqual([headers.ce_source, headers.ce_typealias], [SOURCE, ALIAS]);
  assert.equal(headers.ce_type, 'orderbell.OrderUpdateMessage.v1');
  assert.equal(
    createReader({ type: ORDER_UPDATE_TYPE, schema: OrderUpdateMessage })(message).kind,
    'event',
  );
  // The order's history shows the message as it was published.
  const { body } = await orders.call('GET', `/orders/${id}/history`);
  const shown = Object.fromEntries(
    body.event.headers.map(({ name, value }: Record<string, string>) => [name, value]),
  );
  assert.deepEqual(shown, headers);
});

test('an event that was stored before the settings changed keeps its source', async (t) => {
  const before = await startOrdersService(t, { OUTBOX_RELAY: 'off' });
  const { id } = await before.pending();
  await before.pay(id);
  // As a replica of the previous release writes it, which does not know the columns.
  await before.database.query(
    `insert into outbox (id, aggregatetype, aggregateid, type, payload)
     select gen_random_uuid(), aggregatetype, 'old', type, payload from outbox`,
  );
  const ORDERS_DATABASE_URL = before.databaseUrl('ORDERS_DATABASE_URL');
  const after = await startOrdersService(t, { ...NAMED, ORDERS_DATABASE_URL });
  const eventOf = await watchTopic(t, after);
  for (const key of [id, 'old']) {
    const headers = headersOf(await eventOf(key));
    assert.equal(headers.ce_source, '/orders', key);
    assert.ok(!('ce_typealias' in headers), key);
  }
});

test('an event that is made again keeps its origin, and one whose row is gone has that of the settings', async (t) => {
  const orders = await startOrdersService(t, { ...NAMED, OUTBOX_RELAY: 'off' });
  const { id } = await orders.pending();
  await orders.pay(id);
  const author = { reason: 'drill', madeBy: 'olga' };
  const again = async () => {
    const { status } = await orders.call('POST', `/orders/${id}/event/repair`, author);
    assert.equal(status, 200);
    const { rows } = await orders.database.query('select event_source, type_alias from outbox');
    return rows;
  };
  await orders.database.query(`update outbox set event_source = '/before', type_alias = null`);
  assert.deepEqual(await again(), [{ event_source: '/before', type_alias: null }]);
  await orders.database.query('delete from outbox');
  assert.deepEqual(await again(), [{ event_source: SOURCE, type_alias: ALIAS }]);
});

const WRONG: [name: string, value: string][] = [
  ['EVENT_SOURCE', 'my orders'],
  ['EVENT_SOURCE', '/orders#a#b'],
  ['EVENT_SOURCE', '/100%'],
  ['EVENT_SOURCE', 'https://['],
  ['EVENT_SOURCE', `/${'a'.repeat(200)}`],
  ['EVENT_TYPE_ALIAS', 'order.updated'],
  ['EVENT_TYPE_ALIAS', 'com.example..updated'],
  ['EVENT_TYPE_ALIAS', 'com.example.order updated'],
  ['EVENT_TYPE_ALIAS', '/com/example/order'],
];

for (const [name, value] of WRONG) {
  test(`${name}=${value.slice(0, 30)} ends the start`, () => {
    const settings = {
      ORDERS_DATABASE_URL: 'postgres://h/d',
      OUTBOX_RELAY: 'off',
      SERVICE_PUBLIC_KEYS: KEYS,
    };
    const load = (more: object) => loadConfig('orders', OrdersConfig, { ...settings, ...more });
    assert.throws(() => load({ [name]: value }), new RegExp(`${name} must be a .*such as`));
    assert.ok(load(NAMED));
    assert.ok(load({ EVENT_SOURCE: 'urn:shop:orders?a=%20#b' }));
  });
}
