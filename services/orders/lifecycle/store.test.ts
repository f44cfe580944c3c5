import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Compile } from 'typebox/compile';
import { ORDER_UPDATE_TYPE, OrderUpdateMessage } from '#contracts/order-update-message.ts';
import type { Order, PaymentRecord } from '#contracts/orders.ts';
import { createTestDatabase } from '#harness/database.ts';
import { rub } from '#harness/system/system.ts';
import * as store from './store.ts';

/** Orders' database without the service: no relay touches the outbox. */
async function start(t: TestContext) {
  const database = await createTestDatabase(t, new URL('../migrations/', import.meta.url));
  return {
    database,
    async pending(): Promise<Order> {
      const draft = {
        id: randomUUIDv7(),
        createdAt: new Date(),
        customerId: 'auth0|anna',
        idempotencyKey: randomUUID(),
        requestHash: Buffer.alloc(32),
        ...itemsOf(1_000_000_000_000_000),
        total: rub(1_000_000_000_000_000),
      };
      return (await store.insertOrders(database, [draft]))[0] as Order;
    },
    async settle(id: string, record: PaymentRecord): Promise<Order | null> {
      return (await store.settleOrders(database, [settlementOf(id, record)]))[0] as Order | null;
    },
  };
}

function settlementOf(orderId: string, record: PaymentRecord): store.Settlement {
  const traceparent = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';
  const origin = { source: '/orders', typeAlias: null };
  const event = { id: randomUUIDv7(), type: ORDER_UPDATE_TYPE, traceparent, ...origin };
  return { orderId, record, event };
}

const operationId = randomUUID();
const records: [PaymentRecord, object][] = [
  [
    { decision: 'captured', operationId },
    { status: 'Paid', paymentOperationId: operationId, reason: null },
  ],
  [
    { decision: 'declined' },
    { status: 'Cancelled', paymentOperationId: null, reason: 'insufficient-funds' },
  ],
  [{ decision: 'voided' }, { status: 'Cancelled', paymentOperationId: null, reason: 'voided' }],
];

for (const [record, expected] of records) {
  test(`I5: ${record.decision}: the event has exactly the order's members of its schema`, async (t) => {
    const orders = await start(t);
    const { id } = await orders.pending();
    const settled = (await orders.settle(id, record)) as Order;
    const { rows } = await orders.database.query(
      `select payload::text, aggregatetype, aggregateid, type, published_at,
        outbox.xmin::text = orders.xmin::text as together
        from outbox join orders on orders.id::text = outbox.aggregateid`,
    );
    assert.equal(rows.length, 1);
    const [{ payload, together, ...row }] = rows;
    // Written by one transaction: neither is there without the other.
    assert.equal(together, true);
    assert.deepEqual(row, {
      aggregatetype: 'order',
      aggregateid: id,
      type: ORDER_UPDATE_TYPE,
      published_at: null,
    });
    const message = JSON.parse(payload);
    assert.deepEqual([...Compile(OrderUpdateMessage).Errors(message)], []);
    assert.deepEqual(message, {
      orderId: id,
      customerId: 'auth0|anna',
      version: 2,
      previousStatus: 'Pending',
      total: rub(1_000_000_000_000_000),
      occurredAt: settled.updatedAt,
      ...expected,
    });
    // A repetition adds nothing.
    assert.equal(await orders.settle(id, record), null);
    assert.equal((await orders.database.query('select from outbox')).rowCount, 1);
  });
}

test('I5: an order whose event cannot be stored stays Pending', async (t) => {
  const orders = await start(t);
  const { id } = await orders.pending();
  await orders.database.query('alter table outbox add constraint broken check (id is null)');
  await assert.rejects(orders.settle(id, { decision: 'voided' }), { code: '23514' });
  assert.equal((await store.findOrder(orders.database, id))?.status, 'Pending');
  await orders.database.query('alter table outbox drop constraint broken');
  assert.equal((await orders.settle(id, { decision: 'voided' }))?.status, 'Cancelled');
});

test('I2: the database itself refuses states that cannot be', async (t) => {
  const orders = await start(t);
  const { id } = await orders.pending();
  for (const change of [
    "status = 'Paid'",
    "status = 'Cancelled'",
    "status = 'Lost'",
    'payment_operation_id = gen_random_uuid()',
    "status_reason = 'voided'",
    "status = 'Cancelled', status_reason = 'bored'",
    "status = 'Paid', status_reason = 'voided', payment_operation_id = gen_random_uuid()",
    "status = 'Cancelled', status_reason = 'voided', payment_operation_id = gen_random_uuid()",
    'total_amount = 0',
  ]) {
    await assert.rejects(
      orders.database.query(`update orders set ${change} where id = $1`, [id]),
      { code: '23514' },
      change,
    );
  }
  const { payment, status } = (await store.findOrder(orders.database, id)) as Order;
  assert.deepEqual([payment, status], [null, 'Pending']);
});

test('I5: many orders end in one statement, each with its own event, and none with two', async (t) => {
  const orders = await start(t);
  const [paid, declined, twice] = await Promise.all([1, 2, 3].map(orders.pending));
  const ends = [
    settlementOf((paid as Order).id, { decision: 'captured', operationId }),
    settlementOf((declined as Order).id, { decision: 'declined' }),
    settlementOf((twice as Order).id, { decision: 'voided' }),
    settlementOf(randomUUIDv7(), { decision: 'voided' }),
    settlementOf((twice as Order).id, { decision: 'declined' }),
  ];
  const settled = await store.settleOrders(orders.database, ends);
  assert.deepEqual(
    settled.map((order) => order && [order.id, order.status, order.statusReason]),
    [
      [paid?.id, 'Paid', null],
      [declined?.id, 'Cancelled', 'insufficient-funds'],
      [twice?.id, 'Cancelled', 'voided'],
      null,
      null,
    ],
  );
  const { rows } = await orders.database.query(
    `select outbox.id from outbox join orders on orders.id::text = aggregateid
      and orders.event_id = outbox.id and payload->>'status' = status`,
  );
  assert.deepEqual(
    rows.map(({ id }) => id).sort(),
    ends
      .slice(0, 3)
      .map(({ event }) => event.id)
      .sort(),
  );
});

function itemsOf(price: number) {
  const items = [{ name: 'Книга', quantity: 1, unitPrice: rub(price) }];
  return { content: { items }, itemsJson: JSON.stringify(items) };
}

test('of many orders in one statement, only those with a new key are stored', async (t) => {
  const { database } = await start(t);
  const draft = (customerId: string, idempotencyKey: string): store.OrderDraft => ({
    id: randomUUIDv7(),
    createdAt: new Date(),
    customerId,
    idempotencyKey,
    requestHash: Buffer.alloc(32),
    total: rub(1),
    ...itemsOf(1),
  });
  const before = draft('anna', 'used');
  await store.insertOrders(database, [before]);
  const drafts = [
    draft('boris', 'used'),
    draft('anna', 'used'),
    draft('anna', 'new'),
    draft('anna', 'new'),
  ];
  const stored = await store.insertOrders(database, drafts);
  const [boris, , anna] = drafts;
  assert.deepEqual(
    stored.map((order) => order?.id),
    [boris?.id, undefined, anna?.id, undefined],
  );
  // The immediate answer equals the stored row.
  assert.deepEqual(await store.findOrder(database, anna?.id as string), stored[2]);
  assert.equal((await database.query('select from orders')).rowCount, 3);
});

test('ending orders looks each up by its id, also by a plan that is made while the table is small', async (t) => {
  const { database } = await start(t);
  let text = '';
  const query = async (statement: { text: string }) => {
    text = statement.text;
    return { rows: [] };
  };
  await store.settleOrders({ query } as unknown as typeof database, [
    settlementOf(randomUUID(), { decision: 'voided' }),
  ]);
  const { rows } = await database.query(`explain (generic_plan) ${text}`);
  assert.match(rows.map((row) => row['QUERY PLAN']).join('\n'), /Index Cond: \(id = t\.order_id\)/);
});
