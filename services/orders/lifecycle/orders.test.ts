import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { ITEM, startOrdersService as start } from '#harness/system/orders-service.ts';
import { rub } from '#harness/system/system.ts';

test('the same key and content answer the stored order, other content is refused', async (t) => {
  const orders = await start(t);
  const first = await orders.create({ idempotencyKey: 'k' });
  assert.equal(first.status, 201);
  const { id, createdAt, updatedAt, ...rest } = first.body;
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  assert.equal(createdAt, updatedAt);
  assert.deepEqual(rest, {
    customerId: 'anna',
    status: 'Pending',
    statusReason: null,
    items: [ITEM],
    total: rub(500),
    payment: null,
    version: 1,
  });
  const again = await orders.create({ idempotencyKey: 'k' });
  assert.deepEqual([again.status, again.body], [200, first.body]);

  const { sku: _left, ...noSku } = ITEM;
  for (const items of [
    [{ ...ITEM, quantity: 3 }],
    [{ ...ITEM, unitPrice: rub(251) }],
    [{ ...ITEM, name: 'книга' }],
    [ITEM, ITEM],
    [noSku],
  ]) {
    const other = await orders.create({ idempotencyKey: 'k', items });
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency-key-reused']);
  }
  const { rows } = await orders.database.query('select from orders');
  assert.equal(rows.length, 1);
});

test('a repetition is known by its content, not by the order of its members', async (t) => {
  const orders = await start(t);
  const first = await orders.create({ idempotencyKey: 'k' });
  const { name, sku, quantity, unitPrice } = ITEM;
  const shuffled = {
    unitPrice: { currency: unitPrice.currency, amount: unitPrice.amount },
    quantity,
    sku,
    name,
  };
  const again = await orders.create({ items: [shuffled], idempotencyKey: 'k' });
  assert.deepEqual([again.status, again.body.id], [200, first.body.id]);
});

test('another customer’s equal key is another order', async (t) => {
  const orders = await start(t);
  const annas = await orders.create({ idempotencyKey: 'k' });
  const boriss = await orders.create({ idempotencyKey: 'k', customerId: 'boris' });
  assert.deepEqual([annas.status, boriss.status], [201, 201]);
  assert.notEqual(annas.body.id, boriss.body.id);
});

test('twenty requests with one key at once make one order', async (t) => {
  const orders = await start(t);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => orders.create({ idempotencyKey: 'k' })),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(19).fill(200), 201]);
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
});

test('a total outside the limits or a foreign currency is 400 and nothing is stored', async (t) => {
  const orders = await start(t);
  const most = 1_000_000_000_000_000;
  for (const items of [
    [{ ...ITEM, unitPrice: rub(0) }],
    [{ ...ITEM, quantity: 1, unitPrice: rub(most) }, ITEM],
    [{ ...ITEM, quantity: 10_000, unitPrice: rub(most) }],
    [{ ...ITEM, unitPrice: { amount: 1, currency: 'USD' } }],
  ]) {
    assert.equal((await orders.create({ items })).status, 400);
  }
  const dearest = await orders.create({ items: [{ ...ITEM, quantity: 1, unitPrice: rub(most) }] });
  assert.deepEqual([dearest.status, dearest.body.total], [201, rub(most)]);
  const { rows } = await orders.database.query('select from orders');
  assert.equal(rows.length, 1);
});

test('I2, I5: a payment ends the order once, with one event, however often it is recorded', async (t) => {
  const orders = await start(t);
  const { id } = await orders.pending();
  assert.equal(await orders.events(id), 0);
  const operationId = randomUUID();
  const first = await orders.pay(id, operationId);
  assert.equal(first.status, 200);
  assert.deepEqual(
    [first.body.status, first.body.statusReason, first.body.payment, first.body.version],
    ['Paid', null, { operationId }, 2],
  );
  for (const spelling of [operationId, operationId.toUpperCase()]) {
    const again = await orders.pay(id, spelling);
    assert.deepEqual([again.status, again.body], [200, first.body]);
  }
  assert.equal(await orders.events(id), 1);
});

for (const [decision, reason] of [
  ['declined', 'insufficient-funds'],
  ['voided', 'voided'],
] as const) {
  test(`I2, I5: ${decision} cancels the order once, with one event, also twenty at once`, async (t) => {
    const orders = await start(t);
    const { id } = await orders.pending();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => orders.cancel(id, decision)),
    );
    for (const { status, body } of answers) {
      assert.equal(status, 200);
      assert.deepEqual(
        [body.status, body.statusReason, body.payment, body.version],
        ['Cancelled', reason, null, 2],
      );
    }
    assert.equal(await orders.events(id), 1);
  });
}

test('I2: a contradiction is 409 and leaves the order and its event as they are', async (t) => {
  const orders = await start(t);
  const paid = (await orders.pay((await orders.pending()).id)).body;
  const declined = (await orders.cancel((await orders.pending()).id, 'declined')).body;
  const voided = (await orders.cancel((await orders.pending()).id, 'voided')).body;
  for (const answer of [
    await orders.pay(paid.id),
    await orders.cancel(paid.id, 'declined'),
    await orders.cancel(paid.id, 'voided'),
    await orders.pay(declined.id),
    await orders.cancel(declined.id, 'voided'),
    await orders.pay(voided.id),
    await orders.cancel(voided.id, 'declined'),
  ]) {
    assert.deepEqual([answer.status, answer.body.code], [409, 'payment-contradicted']);
  }
  for (const order of [paid, declined, voided]) {
    const { body } = await orders.call('GET', `/orders/${order.id}?customerId=anna`);
    assert.deepEqual(body, order);
    assert.equal(await orders.events(order.id), 1);
  }
});

test('I2: of contradicting payments at once one holds, and there is one event', async (t) => {
  const orders = await start(t);
  for (let round = 0; round < 5; round++) {
    const { id } = await orders.pending();
    const answers = await Promise.all([
      orders.pay(id),
      orders.cancel(id, 'declined'),
      orders.cancel(id, 'voided'),
    ]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409]);
    assert.equal(await orders.events(id), 1);
  }
});

test('a payment for an unknown order is 404', async (t) => {
  const orders = await start(t);
  const answer = await orders.pay(randomUUID());
  assert.deepEqual([answer.status, answer.body.code], [404, 'not-found']);
  assert.equal((await orders.pay('not-a-uuid')).status, 400);
});

test('a foreign order is answered exactly like a missing one', async (t) => {
  const orders = await start(t);
  const { id } = await orders.pending();
  const foreign = await orders.call('GET', `/orders/${id}?customerId=boris`);
  const missing = await orders.call('GET', `/orders/${randomUUID()}?customerId=boris`);
  const comparable = ({ status, body }: typeof foreign) => {
    const { traceId: _t, instance: _i, ...rest } = body;
    return { status, ...rest };
  };
  assert.equal(foreign.status, 404);
  assert.deepEqual(comparable(foreign), comparable(missing));
  assert.equal((await orders.call('GET', `/orders/${id}?customerId=anna`)).status, 200);
});
