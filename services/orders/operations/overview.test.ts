import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeDatabase } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { type OrdersService, startOrdersService as start } from '#harness/system/orders-service.ts';
import { countLatest, readOutbox, readPendingByAge, readRates } from './overview-store.ts';

const overviewOf = async (orders: OrdersService) => {
  const { status, body } = await orders.call('GET', '/overview');
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};

const AGES = [
  ...[
    { fromMs: 0, toMs: 5_000 },
    { fromMs: 5_000, toMs: 30_000 },
  ],
  ...[
    { fromMs: 30_000, toMs: 120_000 },
    { fromMs: 120_000, toMs: 600_000 },
  ],
  { fromMs: 600_000, toMs: null },
];

test('without orders everything is 0', async (t) => {
  const orders = await start(t);
  assert.deepEqual(await overviewOf(orders), {
    latest: { counted: 0, max: 100_000, pending: 0, paid: 0, cancelled: 0 },
    rates: { placed: 0, paid: 0, cancelled: 0 },
    pending: { total: 0, oldestMs: 0, byAge: AGES.map((age) => ({ ...age, count: 0 })) },
    outbox: { unpublished: 0, oldestMs: 0 },
  });
});

test('orders by status and age, and what is not published, at most a second old', async (t) => {
  const orders = await start(t);
  await overviewOf(orders);
  await closeDatabase(orders.databaseUrl('BROKER_DATABASE_URL'));
  await orders.pay((await orders.pending()).id);
  await orders.cancel((await orders.pending()).id, 'declined');
  // At the beginning of each group, so that a slow machine does not move them to the next one; the
  // first is ahead of the database's clock.
  for (const seconds of [-60, 6, 31, 32, 130, 4_000]) {
    const { id } = await orders.pending();
    await orders.database.query(
      `update orders set created_at = now() - $2 * interval '1 second' where id = $1`,
      [id, seconds],
    );
  }
  await orders.database.query(`update outbox set created_at = now() - interval '1 hour'`);
  const found = await eventually('a new reading', async () => {
    const overview = await overviewOf(orders);
    return overview.latest.counted > 0 && overview;
  });
  assert.deepEqual(found.latest, { counted: 8, max: 100_000, pending: 6, paid: 1, cancelled: 1 });
  const { oldestMs, ...pending } = found.pending;
  const counts = [1, 1, 2, 1, 1];
  const byAge = AGES.map((age, n) => ({ ...age, count: counts[n] }));
  assert.deepEqual(pending, { total: 6, byAge });
  assert.ok(oldestMs >= 4_000_000);
  assert.equal(found.outbox.unpublished, 2);
  assert.ok(found.outbox.oldestMs >= 3_600_000);
});

test('without a relay there is no backlog of it', async (t) => {
  const orders = await start(t, { OUTBOX_RELAY: 'off' });
  await orders.pay((await orders.pending()).id);
  assert.equal((await overviewOf(orders)).outbox, null);
});

test('counts end at the maximum', async (t) => {
  const orders = await start(t, { OUTBOX_RELAY: 'off' });
  await orders.pay((await orders.pending()).id);
  await orders.database.query(`update outbox set created_at = now() - interval '1 hour'`);
  for (let number = 1; number <= 3; number++) await orders.pending();
  await orders.pay((await orders.pending()).id);
  const pending = await readPendingByAge(orders.database, { boundsMs: [3_600_000], max: 2 });
  assert.deepEqual([pending.total, pending.byAge.map(({ count }) => count)], [2, [2, 0]]);
  const { unpublished, oldestMs } = await readOutbox(orders.database, 1);
  assert.ok(unpublished === 1 && oldestMs >= 3_600_000);
  assert.deepEqual(await countLatest(orders.database, 2), {
    counted: 2,
    max: 2,
    pending: 1,
    paid: 1,
    cancelled: 0,
  });
});

test('rates count recently placed and recently ended orders, each by its own time', async (t) => {
  const orders = await start(t);
  // Placed an hour ago, ended now, as recovery ends an order after an outage.
  const old = '019ac0de-1111-7000-8000-000000000001';
  const { id } = await orders.pending();
  await orders.database.query('update orders set id = $2 where id = $1', [id, old]);
  await orders.cancel(old, 'voided');
  // Ended an hour ago.
  await orders.pay((await orders.pending()).id);
  await orders.database.query(
    `update outbox set id = '019ac0de-2222-7000-8000-000000000001' where payload ->> 'status' = 'Paid'`,
  );
  await orders.pay((await orders.pending()).id);
  await orders.pay((await orders.pending()).id);
  // Long enough to cover this whole test.
  const seconds = 600;
  assert.deepEqual(await readRates(orders.database, seconds), {
    placed: 3 / seconds,
    paid: 2 / seconds,
    cancelled: 1 / seconds,
  });
});
