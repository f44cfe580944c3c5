import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openBroker } from '#harness/broker/broker.ts';
import { eventually } from '#harness/eventually.ts';
import { type OrdersService, startOrdersService as start } from '#harness/system/orders-service.ts';

// The history of one order, as orders returns it.

const MISSING = '00000000-0000-7000-8000-000000000000';
const NEVER = { attempts: 0, triedAt: null, error: null };

const historyOf = (orders: OrdersService, id: string, query = '') =>
  orders.call('GET', `/orders/${id}/history${query}`);

test('a Pending order has no event, and shows its recovery attempts', async (t) => {
  const orders = await start(t);
  const order = await orders.pending();
  const { status, body } = await historyOf(orders, order.id);
  assert.deepEqual([status, body], [200, { order, recovery: NEVER, event: null }]);

  await orders.claim();
  const failure = `/pending-orders/${order.id}/recovery-failure`;
  await orders.call('PUT', failure, { error: 'billing is away' });
  const { recovery } = (await historyOf(orders, order.id)).body;
  assert.deepEqual([recovery.attempts, recovery.error], [1, 'billing is away']);
  assert.match(recovery.triedAt, /^\d{4}-\d\d-\d\dT.*Z$/);
});

test('the event is shown as its message on the topic, with its position', async (t) => {
  const orders = await start(t);
  const { id } = await orders.pending();
  const paid = (await orders.pay(id)).body;
  const history = await eventually('the publication', async () => {
    const { body } = await historyOf(orders, id);
    return body.event.publishedAt !== null && body;
  });
  assert.deepEqual([history.order, history.recovery], [paid, NEVER]);
  const url = orders.databaseUrl('BROKER_DATABASE_URL');
  const broker = await openBroker({ BROKER_DATABASE_URL: url });
  const message = Promise.withResolvers<{ headers: object; value: Buffer | null }>();
  await broker.subscribe('orders', 'look', async ([first]) => {
    if (first !== undefined) message.resolve(first);
  });
  const { headers, value } = await message.promise;
  await broker.close();
  const { event } = history;
  assert.deepEqual(
    event.headers,
    Object.entries(headers).map(([name, text]) => ({ name, value: String(text) })),
  );
  assert.deepEqual([event.value, JSON.parse(event.value).orderId], [String(value), id]);
  const { rows } = await orders.database.query(
    'select id, created_at, published_at, partition, "offset" from outbox',
  );
  assert.deepEqual(
    { ...event, headers: [], value: null },
    {
      id: rows[0].id,
      topic: 'orders',
      key: id,
      headers: [],
      value: null,
      partition: rows[0].partition,
      offset: Number(rows[0].offset),
      createdAt: rows[0].created_at.toISOString(),
      publishedAt: rows[0].published_at.toISOString(),
    },
  );
});

test('past its retention an event is known by its id only', async (t) => {
  const orders = await start(t, { OUTBOX_RELAY: 'off' });
  const { id } = await orders.pending();
  await orders.pay(id);
  const { event } = (await historyOf(orders, id)).body;
  assert.deepEqual([event.publishedAt, event.partition, event.offset], [null, null, null]);
  assert.ok(event.headers.length > 0 && event.createdAt !== null);
  await orders.database.query('delete from outbox');
  const later = (await historyOf(orders, id)).body.event;
  assert.deepEqual(later, { ...event, headers: [], value: null, createdAt: null });
});

test('an order of another customer is as one that does not exist', async (t) => {
  const orders = await start(t);
  const { id } = await orders.pending();
  assert.equal((await historyOf(orders, id, '?customerId=anna')).status, 200);
  for (const [order, query] of [
    [id, '?customerId=boris'],
    [randomUUID(), '?customerId=anna'],
    [MISSING, ''],
  ] as const) {
    const { status, body } = await historyOf(orders, order, query);
    assert.deepEqual([status, body.code], [404, 'not-found']);
  }
  const foreign = await orders.call('GET', `/orders/${id}/history`, undefined, {
    caller: 'notifications',
  });
  assert.equal(foreign.status, 403);
});
