import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PendingOrder } from '#contracts/order-operations.ts';
import { startOrdersService as start } from '#harness/system/orders-service.ts';

// Orders that have not ended, as the operator sees them.

test('pending orders are listed newest first, of all customers, with their age', async (t) => {
  const orders = await start(t);
  const old = await orders.pending();
  await orders.database.query(
    "update orders set created_at = created_at - interval '40 s' where id = $1",
    [old.id],
  );
  const paid = await orders.pending();
  await orders.pay(paid.id);
  const young = await orders.pending({ customerId: 'boris' });

  const { status, body } = await orders.call('GET', '/pending-orders');
  assert.equal(status, 200);
  const list = body.data as PendingOrder[];
  assert.deepEqual(
    list.map(({ id }) => id),
    [young.id, old.id],
  );
  const [first, second] = list as [PendingOrder, PendingOrder];
  const { ageMs, recovery, ...order } = first;
  assert.deepEqual(order, young);
  assert.deepEqual(recovery, { attempts: 0, triedAt: null, error: null });
  assert.ok(ageMs < 40_000, `age ${ageMs}`);
  assert.ok(second.ageMs >= 40_000, `age ${second.ageMs}`);

  const aged = await orders.call('GET', '/pending-orders?minAgeMs=30000');
  assert.deepEqual(
    aged.body.data.map(({ id }: PendingOrder) => id),
    [old.id],
  );
});

test('the list goes on page by page', async (t) => {
  const orders = await start(t);
  const made: string[] = [];
  for (let count = 0; count < 5; count++) made.unshift((await orders.pending()).id);
  const seen: string[] = [];
  let cursor = '';
  do {
    const { body } = await orders.call('GET', `/pending-orders?limit=2${cursor}`);
    seen.push(...body.data.map(({ id }: PendingOrder) => id));
    cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
  } while (cursor !== '');
  assert.deepEqual(seen, made);
});

test('a failed recovery is counted and shown with its time and error, until the order ends', async (t) => {
  const orders = await start(t);
  const { id } = await orders.pending();
  const note = (error: string) =>
    orders.call('PUT', `/pending-orders/${id}/recovery-failure`, { error });
  assert.deepEqual(await orders.claim(), [id]);
  assert.equal((await note('billing gave no answer')).status, 200);

  const [pending] = (await orders.call('GET', '/pending-orders')).body.data as [PendingOrder];
  assert.deepEqual(
    [pending.recovery.attempts, pending.recovery.error],
    [1, 'billing gave no answer'],
  );
  assert.match(pending.recovery.triedAt ?? '', /^\d{4}-\d\d-\d\dT.*Z$/);

  const paid = (await orders.pay(id)).body;
  const late = await note('too late');
  assert.deepEqual([late.status, late.body], [200, paid]);
  assert.deepEqual((await orders.call('GET', '/pending-orders')).body.data, []);
});

test('a failure of an unknown order is 404, a text that is no line 400', async (t) => {
  const orders = await start(t);
  const { id } = await orders.pending();
  const missing = '00000000-0000-7000-8000-000000000000';
  const path = (order: string) => `/pending-orders/${order}/recovery-failure`;
  assert.equal((await orders.call('PUT', path(missing), { error: 'x' })).status, 404);
  for (const error of ['', 'a\nb', 'a\u0000b', 'x'.repeat(501)]) {
    assert.equal(
      (await orders.call('PUT', path(id), { error })).status,
      400,
      JSON.stringify(error),
    );
  }
});

test('very large orders are listed and claimed in parts that an answer can carry', async (t) => {
  const orders = await start(t);
  const text = '😀'.repeat(200);
  const item = { name: text, sku: text, quantity: 1, unitPrice: { amount: 1, currency: 'RUB' } };
  const made: string[] = [];
  for (let count = 0; count < 30; count++) {
    made.push((await orders.pending({ items: Array(100).fill(item) })).id);
  }
  const first = await orders.claim();
  assert.ok(first.length > 10 && first.length < 30, String(first.length));
  const second = await orders.claim();
  assert.deepEqual([...first, ...second].sort(), made.sort());
  assert.deepEqual(await orders.claim(), []);

  const seen: string[] = [];
  for (const list of ['/pending-orders?', '/orders?customerId=anna&']) {
    const pages: number[] = [];
    for (let cursor = ''; ; ) {
      const { status, body } = await orders.call('GET', `${list}limit=100${cursor}`);
      assert.equal(status, 200);
      pages.push(body.data.length);
      seen.push(...body.data.map(({ id }: PendingOrder) => id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    // An order has 170 KB, and a page 256.
    assert.deepEqual(pages, Array(30).fill(1));
    assert.deepEqual(seen.splice(0), made.toReversed());
  }
});
