import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeDatabase } from '#harness/database.ts';
import { readMetrics } from '#harness/metrics.ts';
import { type OrdersService, startOrdersService } from '#harness/system/orders-service.ts';

const metricsOf = ({ url }: OrdersService) => readMetrics(url, 'orderbell_');

test('what has not ended and what is not published is counted, with the age of the oldest', async (t) => {
  const orders = await startOrdersService(t);
  const nothing = {
    orderbell_orders_pending: 0,
    orderbell_orders_pending_oldest_seconds: 0,
    orderbell_outbox_unpublished: 0,
    orderbell_outbox_oldest_seconds: 0,
  };
  assert.deepEqual(await metricsOf(orders), nothing);

  await closeDatabase(orders.databaseUrl('BROKER_DATABASE_URL'));
  const [first] = [await orders.pending(), await orders.pending(), await orders.pending()];
  await orders.pay(first?.id as string);
  await orders.database.query(
    `update orders set created_at = now() - interval '1 minute' where status = 'Pending'`,
  );
  await orders.database.query(`update outbox set created_at = now() - interval '1 hour'`);
  const found = await metricsOf(orders);
  assert.equal(found.orderbell_orders_pending, 2);
  assert.equal(found.orderbell_outbox_unpublished, 1);
  assert.ok((found.orderbell_orders_pending_oldest_seconds ?? 0) >= 60);
  assert.ok((found.orderbell_outbox_oldest_seconds ?? 0) >= 3_600);
});

test('without a relay there is no backlog of it', async (t) => {
  const orders = await startOrdersService(t, { OUTBOX_RELAY: 'off' });
  await orders.pay((await orders.pending()).id);
  assert.deepEqual(Object.keys(await metricsOf(orders)), [
    ...['orderbell_orders_pending', 'orderbell_orders_pending_oldest_seconds'],
  ]);
});
