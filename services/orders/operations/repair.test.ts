import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { type OrdersService, startOrdersService } from '#harness/system/orders-service.ts';
import { assertInternalProblem as assertProblem } from '#harness/system/raw-http.ts';

const AUTHOR = { reason: 'drill', madeBy: 'olga' };

const publishAgain = ({ call }: OrdersService, id: string) =>
  call('POST', `/orders/${id}/event/repair`, AUTHOR);

async function outbox({ database }: OrdersService) {
  const { rows } = await database.query(
    'select id, aggregateid, type, payload::text, traceparent, event_time, published_at from outbox',
  );
  return rows;
}

/** The one event, once it is published. */
const published = (orders: OrdersService) =>
  eventually('the event published', async () => {
    const [event] = await outbox(orders);
    return event?.published_at !== null && event;
  });

test('an event is published again with the same bytes, and the step is recorded', async (t) => {
  const orders = await startOrdersService(t);
  const { id } = await orders.pending();
  await orders.pay(id);
  const before = await published(orders);
  const { status, body } = await publishAgain(orders, id);
  assert.deepEqual([status, body], [200, { state: 'done' }]);
  const after = await published(orders);
  assert.ok(after.published_at > before.published_at);
  assert.deepEqual({ ...after, published_at: null }, { ...before, published_at: null });
  const { data } = (await orders.call('GET', '/repairs?limit=10')).body;
  assert.equal(data.length, 1);
  const { id: _, at: __, ...repair } = data[0];
  assert.deepEqual(repair, { step: 'publish-again', orderId: id, ...AUTHOR });
});

test('an event past its retention is made again of its order, with the same id', async (t) => {
  const orders = await startOrdersService(t);
  const { id } = await orders.pending();
  await orders.cancel(id, 'declined');
  const before = await published(orders);
  await orders.database.query('delete from outbox');
  assert.deepEqual((await publishAgain(orders, id)).body, { state: 'done' });
  const after = await published(orders);
  assert.deepEqual(JSON.parse(after.payload), JSON.parse(before.payload));
  assert.deepEqual(
    [after.id, after.aggregateid, after.type, after.event_time],
    [before.id, id, before.type, before.event_time],
  );
});

test('an event that waits for the relay is not written twice', async (t) => {
  const orders = await startOrdersService(t);
  const { id } = await orders.pending();
  await orders.pay(id);
  await published(orders);
  await orders.database.query(
    `update outbox set published_at = null, leased_until = now() + interval '1 day'`,
  );
  assert.deepEqual((await publishAgain(orders, id)).body, { state: 'already' });
  assert.deepEqual((await orders.call('GET', '/repairs?limit=10')).body, { data: [] });
});

test('without a relay of ours the row is inserted again, for who reads the log', async (t) => {
  const orders = await startOrdersService(t, { OUTBOX_RELAY: 'off' });
  const { id } = await orders.pending();
  await orders.pay(id);
  const version = async () =>
    (await orders.database.query('select xmin::text, id from outbox')).rows[0];
  const before = await version();
  assert.deepEqual((await publishAgain(orders, id)).body, { state: 'done' });
  const after = await version();
  assert.equal(after.id, before.id);
  assert.notEqual(after.xmin, before.xmin);
});

test('an order without an event has none to publish', async (t) => {
  const orders = await startOrdersService(t);
  const { id } = await orders.pending();
  for (const orderId of [id, randomUUID()]) {
    assertProblem(await publishAgain(orders, orderId), 409, 'repair-refused');
  }
});
