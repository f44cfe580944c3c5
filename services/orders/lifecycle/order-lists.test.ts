import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Order } from '#contracts/orders.ts';
import { type OrdersService, startOrdersService as start } from '#harness/system/orders-service.ts';

const list = (orders: OrdersService, query = '') =>
  orders.call('GET', `/orders?customerId=anna${query}`);
const idsOf = (orders: Order[]) => orders.map(({ id }) => id);

/** Moves orders into the past, as waiting would. */
async function age(orders: OrdersService, id: string, seconds: number): Promise<void> {
  await orders.database.query(
    `update orders set created_at = created_at - $2 * interval '1 second',
        recovery_tried_at = recovery_tried_at - $2 * interval '1 second',
        recovery_leased_until = recovery_leased_until - $2 * interval '1 second'
      where id = $1`,
    [id, seconds],
  );
}

test('the list holds the customer’s orders, newest first, by status where asked', async (t) => {
  const orders = await start(t);
  const [pending, paid, declined, voided] = await Promise.all([
    orders.pending(),
    orders.pending(),
    orders.pending(),
    orders.pending(),
  ]);
  await orders.pending({ customerId: 'boris' });
  await orders.pay(paid.id);
  await orders.cancel(declined.id, 'declined');
  await orders.cancel(voided.id, 'voided');
  const newestFirst = (...some: Order[]) => idsOf(some).sort().toReversed();
  const data = async (query: string) => idsOf((await list(orders, query)).body.data);
  assert.deepEqual(await data(''), newestFirst(pending, paid, declined, voided));
  assert.deepEqual(await data('&status=Pending'), [pending.id]);
  assert.deepEqual(await data('&status=Paid'), [paid.id]);
  assert.deepEqual(await data('&status=Cancelled'), newestFirst(declined, voided));
  assert.deepEqual((await orders.call('GET', '/orders?customerId=vera')).body, {
    data: [],
    nextCursor: null,
  });
});

for (const status of ['', '&status=Pending']) {
  test(`pages${status} neither repeat nor miss an order while new ones arrive`, async (t) => {
    const orders = await start(t);
    const made: string[] = [];
    for (let i = 0; i < 7; i++) made.push((await orders.pending()).id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const next = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await list(orders, `&limit=3${status}${next}`);
      seen.push(...idsOf(body.data));
      cursor = body.nextCursor;
      await orders.pending();
    } while (cursor !== null);
    assert.deepEqual(seen, made.toReversed());
  });
}

test('a cursor or parameter that the list never gave is 400', async (t) => {
  const orders = await start(t);
  const forged = (key: string) => `&cursor=${Buffer.from(key).toString('base64url')}`;
  for (const query of [
    forged('1'),
    forged('-'.repeat(36)),
    forged(randomUUID().toUpperCase()),
    '&cursor=*',
    '&limit=0',
    '&limit=101',
    '&limit=1.5',
    '&status=paid',
    '&page=1',
  ]) {
    assert.equal((await list(orders, query)).status, 400, query);
  }
  assert.equal((await orders.call('GET', '/orders')).status, 400);
});

test('I3: only Pending orders of the age asked for are claimed', async (t) => {
  const orders = await start(t);
  const old = await orders.pending();
  const young = await orders.pending();
  const paid = await orders.pending();
  await orders.pay(paid.id);
  await age(orders, old.id, 120);
  await age(orders, paid.id, 120);
  assert.deepEqual(await orders.claim({ olderThanMs: 60_000 }), [old.id]);
  assert.deepEqual(await orders.claim(), [young.id]);
});

test('I3: a claimed order is left alone until its lease is over, then claimed again', async (t) => {
  const orders = await start(t);
  const { id } = await orders.pending();
  assert.deepEqual(await orders.claim({ leaseMs: 60_000 }), [id]);
  assert.deepEqual(await orders.claim(), []);
  const { rows } = await orders.database.query(
    `select recovery_leased_until - recovery_tried_at = interval '60 s' as whole from orders`,
  );
  assert.deepEqual(rows, [{ whole: true }]);
  // Some seconds before the end: the clock goes on.
  await age(orders, id, 50);
  assert.deepEqual(await orders.claim(), []);
  await age(orders, id, 10);
  assert.deepEqual(await orders.claim(), [id]);
});

test('I3: the least recently tried come first, those never tried before all', async (t) => {
  const orders = await start(t);
  const first = await orders.pending();
  const second = await orders.pending();
  await orders.claim();
  await age(orders, first.id, 100);
  await age(orders, second.id, 200);
  const fresh = await orders.pending();
  const claimed: string[] = [];
  for (let i = 0; i < 3; i++) claimed.push(...(await orders.claim({ limit: 1 })));
  assert.deepEqual(claimed, [fresh.id, second.id, first.id]);
});

test('claims at once never get the same order', async (t) => {
  const orders = await start(t);
  const made = await Promise.all(Array.from({ length: 20 }, () => orders.pending()));
  const claims = await Promise.all(Array.from({ length: 10 }, () => orders.claim({ limit: 5 })));
  const claimed = claims.flat();
  assert.equal(new Set(claimed).size, claimed.length);
  claimed.push(...(await orders.claim()));
  assert.deepEqual(claimed.sort(), idsOf(made).sort());
});
