import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrdersSample } from '#contracts/order-operations.ts';
import { eventually } from '#harness/eventually.ts';
import { type OrdersService, startOrdersService as start } from '#harness/system/orders-service.ts';

async function historyOf(orders: OrdersService): Promise<OrdersSample[]> {
  const { status, body } = await orders.call('GET', '/history');
  assert.equal(status, 200, JSON.stringify(body));
  return body.data;
}

test('the figures of the last hour are kept, also by a restart', async (t) => {
  const first = await start(t, { OUTBOX_RELAY: 'off' });
  await first.pay((await first.pending()).id);
  await first.pending();
  const sample = await eventually('a sample of these orders', async () =>
    (await historyOf(first)).find(({ pending }) => pending > 0),
  );
  const { at, placed, paid, ...counts } = sample;
  assert.match(at, /^\d{4}-.*0\.000Z$/);
  // Debezium publishes, and does not report what.
  assert.deepEqual(counts, { cancelled: 0, pending: 1, unpublished: null });
  assert.ok(placed <= 0.2 && paid <= 0.1, `${placed} placed, ${paid} paid a second`);
  await first.close();
  const ORDERS_DATABASE_URL = first.databaseUrl('ORDERS_DATABASE_URL');
  const second = await start(t, { OUTBOX_RELAY: 'off', ORDERS_DATABASE_URL });
  assert.deepEqual((await historyOf(second)).filter((each) => each.at <= at).at(-1), sample);
});

test('with our relay a sample says what is not published', async (t) => {
  const orders = await start(t);
  const [sample] = await eventually('a sample', async () => {
    const history = await historyOf(orders);
    return history.length > 0 && history;
  });
  assert.equal(sample?.unpublished, 0);
});
