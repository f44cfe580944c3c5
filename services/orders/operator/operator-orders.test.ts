import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Order } from '#contracts/orders.ts';
import { type OrdersService, startOrdersService as start } from '#harness/system/orders-service.ts';
import { rub } from '#harness/system/system.ts';
import { firstUuidAt } from '#platform/values/uuid.ts';

const list = (orders: OrdersService, query = '') =>
  orders.call('GET', `/operator/orders${query}`, undefined, { headers: { 'x-actor': 'pat' } });
const idsOf = (orders: Order[]) => orders.map(({ id }) => id);
const listed = async (orders: OrdersService, query = '') =>
  idsOf((await list(orders, query)).body.data);

/** Adds orders as they were stored at a moment, many in one statement. */
async function insertAt(orders: OrdersService, moment: Date, count: number, amount = 100) {
  const prefix = firstUuidAt(moment).slice(0, 14);
  await orders.database.query(
    `insert into orders (id, customer_id, idempotency_key, request_hash, status, items,
        total_amount, currency, payment_operation_id, created_at, updated_at)
      select ($1 || '7' || lpad(to_hex(n / 65536), 3, '0') || '-8000-'
          || lpad(to_hex(n), 12, '0'))::uuid,
        'many', $1 || n, '', 'Paid', '[]', $3, 'RUB', gen_random_uuid(), $4, $4
      from generate_series(1, $2::int) as n`,
    [prefix, count, amount, moment],
  );
}

async function walk(orders: OrdersService, query: string): Promise<string[][]> {
  const pages: string[][] = [];
  let next = '';
  do {
    const { status, body } = await list(orders, `${query}${next}`);
    assert.equal(status, 200);
    pages.push(idsOf(body.data));
    next = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
  } while (next !== '');
  return pages;
}

test('orders of all customers are listed by each filter, in both directions', async (t) => {
  const orders = await start(t);
  const price = (amount: number) => ({
    items: [{ name: 'x', sku: 'x', quantity: 1, unitPrice: rub(amount) }],
  });
  const pending = await orders.pending(price(100));
  const paid = await orders.pending({ customerId: 'boris', ...price(200) });
  const declined = await orders.pending(price(300));
  const voided = await orders.pending(price(400));
  await orders.pay(paid.id);
  await orders.cancel(declined.id, 'declined');
  await orders.cancel(voided.id, 'voided');
  const all = [voided, declined, paid, pending];
  const byId = (some: Order[]) => idsOf(some).sort().toReversed();
  const cases: [query: string, expected: Order[]][] = [
    ['', all],
    ['status=Pending', [pending]],
    ['status=Paid', [paid]],
    ['status=Cancelled', [voided, declined]],
    ['reason=voided', [voided]],
    ['status=Paid&reason=voided', []],
    ['customerId=anna', [voided, declined, pending]],
    ['customerId=anna&status=Cancelled', [voided, declined]],
    ['customerId=anna&reason=insufficient-funds', [declined]],
    ['customerId=nobody', []],
    ['minAmount=200&maxAmount=300', [declined, paid]],
    ['customerId=anna&minAmount=300', [voided, declined]],
    ['status=Pending&minAmount=101', []],
    [
      `from=${paid.createdAt}&until=${new Date(Date.parse(voided.createdAt) + 1).toISOString()}`,
      [],
    ],
  ];
  const within = all.filter(({ createdAt }) => createdAt >= paid.createdAt);
  for (const [query, expected] of cases) {
    const wanted = query.startsWith('from=') ? within : expected;
    assert.deepEqual(await listed(orders, `?${query}`), byId(wanted), query);
    const oldest = await listed(orders, `?${query}&sort=oldest`);
    assert.deepEqual(oldest, byId(wanted).toReversed(), `${query}, oldest first`);
  }
  const { body } = await list(orders, '?status=Pending');
  assert.deepEqual(body, { data: [pending], nextCursor: null });
});

test('pages of a filter neither repeat nor miss an order while new ones arrive', async (t) => {
  const orders = await start(t);
  const made: string[] = [];
  for (let count = 0; count < 7; count++) made.push((await orders.pending()).id);
  const sorts = [
    ['', made.toReversed()],
    ['&sort=oldest', made],
  ] as const;
  for (const filter of ['', 'minAmount=1', 'customerId=anna', 'status=Pending']) {
    for (const [sort, expected] of sorts) {
      const seen: string[] = [];
      let next = '';
      // One more in each round, so the end of the oldest ones moves away: four pages hold all of ours.
      for (let page = 0; page < 4; page++) {
        const { body } = await list(orders, `?${filter}${sort}&limit=2${next}`);
        seen.push(...idsOf(body.data));
        next = `&cursor=${body.nextCursor}`;
        await orders.pending({ customerId: 'boris' });
      }
      const ours = seen.filter((id) => made.includes(id));
      assert.deepEqual(ours, expected, `${filter}${sort}`);
      await orders.database.query("delete from orders where customer_id = 'boris'");
    }
  }
});

test('a page looks through 5,000 orders at most, and an empty one leads on', async (t) => {
  const orders = await start(t);
  const rare = await orders.pending();
  await orders.pay(rare.id);
  await insertAt(orders, new Date(Date.parse(rare.createdAt) + 1_000), 10_001);
  // The stored order is the oldest: two pages without a match come before it.
  assert.deepEqual(await walk(orders, '?minAmount=101'), [[], [], [rare.id]]);
  assert.deepEqual((await walk(orders, '?minAmount=101&sort=oldest'))[0], [rare.id]);
  // Within its time the index leads to it at once.
  const until = new Date(Date.parse(rare.createdAt) + 500).toISOString();
  assert.deepEqual(await walk(orders, `?minAmount=101&until=${until}`), [[rare.id]]);
  // The index of customer and status too.
  assert.deepEqual(await walk(orders, '?minAmount=101&customerId=anna'), [[rare.id]]);
});

test('a cursor of the other direction and a range without a moment are 400', async (t) => {
  const orders = await start(t);
  await orders.pending();
  await orders.pending();
  const { nextCursor } = (await list(orders, '?limit=1')).body;
  assert.equal((await list(orders, `?limit=1&cursor=${nextCursor}`)).status, 200);
  const day = '2026-03-05T00:00:00Z';
  const wrong: [query: string, parameter: string][] = [
    [`sort=oldest&cursor=${nextCursor}`, 'cursor'],
    ['cursor=x', 'cursor'],
    [`from=${day}&until=${day}`, 'until'],
    ['from=yesterday', 'from'],
    ['until=2026-03-05T00:00:00%2B03', 'until'],
    ['minAmount=2&maxAmount=1', 'maxAmount'],
    ['minAmount=-1', 'minAmount'],
    ['status=paid', 'status'],
    ['page=1', 'page'],
  ];
  for (const [query, parameter] of wrong) {
    const { status, body } = await list(orders, `?${query}`);
    assert.deepEqual([status, body.errors[0].parameter], [400, parameter], query);
  }
  const { body } = await list(orders, `?from=${day}&until=${day}`);
  assert.equal(body.errors[0].detail, 'нужен момент позже 2026-03-05T00:00:00.000Z');
});

test('orders are found by a range of ids and by the trace of the request that ended them', async (t) => {
  const orders = await start(t);
  const order = await orders.pending();
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  await orders.call(
    'PUT',
    `/orders/${order.id}/payment`,
    { decision: 'voided' },
    { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` } },
  );
  const other = await orders.pending();
  await orders.pay(other.id);
  const find = async (query: string) => {
    const { status, body } = await orders.call('GET', `/operator/found-orders?${query}`);
    return status === 200 ? idsOf(body.data) : status;
  };
  assert.deepEqual(await find(`first=${order.id}&last=${order.id}`), [order.id]);
  const all = `first=${firstUuidAt(new Date(0))}&last=ffffffff-ffff-ffff-ffff-ffffffffffff`;
  assert.deepEqual(await find(all), [order.id, other.id].sort().toReversed());
  assert.deepEqual(await find(`traceId=${trace}`), [order.id]);
  assert.deepEqual(await find(`traceId=${'0'.repeat(32)}`), []);
  for (const query of ['', `first=${order.id}`, `last=${order.id}`]) {
    assert.equal(await find(query), 400, query);
  }
  for (let count = 0; count < 10; count++) await orders.pending();
  assert.equal(((await find(all)) as string[]).length, 10);
});

test('a settlement is recorded with its reason while the order is Pending, and ends nothing', async (t) => {
  const orders = await start(t);
  const { id, ...order } = await orders.pending();
  const settle = (orderId: string, body: object = { reason: 'ждёт с утра' }) =>
    orders.call('POST', `/orders/${orderId}/settlement`, body, { headers: { 'x-actor': 'pat' } });
  const noted = await settle(id.toUpperCase());
  assert.deepEqual([noted.status, noted.body], [200, { id, ...order }]);
  const paid = (await orders.pay(id)).body;
  const late = await settle(id);
  assert.deepEqual([late.status, late.body], [200, paid]);
  const { rows } = await orders.database.query(
    'select actor, action, subject, reason, before, after from audit_trail',
  );
  const subject = { orderId: id, customerId: 'anna' };
  const entry = { actor: 'pat', action: 'settle-order', subject, reason: 'ждёт с утра' };
  assert.deepEqual(rows, [{ ...entry, before: { status: 'Pending' }, after: null }]);
  assert.equal((await settle(randomUUID())).status, 404);
  for (const body of [{}, { reason: ' ' }, { reason: 'x'.repeat(201) }]) {
    assert.equal((await settle(id, body)).status, 400);
  }
});

test('what an operator was shown is recorded, and a list that shows nothing is not', async (t) => {
  const orders = await start(t);
  await list(orders);
  const { id } = await orders.pending();
  await list(orders, '?customerId=anna');
  await list(orders);
  await orders.call('GET', `/operator/found-orders?first=${id}&last=${id}`, undefined, {
    headers: { 'x-actor': 'pat' },
  });
  const { rows } = await orders.database.query(
    'select action, subject from audit_trail order by id',
  );
  assert.deepEqual(rows, [
    { action: 'list-orders', subject: { customerId: 'anna' } },
    { action: 'list-orders', subject: {} },
    { action: 'find-order', subject: { orderId: id, customerId: 'anna' } },
  ]);
});
