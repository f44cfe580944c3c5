import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { orderNumberOf } from '#contracts/order-number.ts';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { answeredWith } from '#harness/requests.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import {
  orderOf,
  rub,
  startTestSystem,
  stop,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';

// What an operator finds: lists of all customers, and one search over all services.

interface Element {
  id: string;
  [member: string]: unknown;
}
type Pages = { data: Element[]; nextCursor: string | null };

const idsOf = (elements: Element[]) => elements.map(({ id }) => id);

/** A customer with a paid order and a declined one, and what the services have of them. */
async function customerWithOrders(system: TestSystem) {
  const anna = await system.customer({ topUp: 500 });
  const placed = await anna.call('POST', '/v1/orders', orderOf(200));
  assert.equal(placed.status, 201);
  const declined = (await anna.call('POST', '/v1/orders', orderOf(9_999))).body.order;
  const operations: Element[] = (await anna.call('GET', '/v1/wallet/operations')).body.data;
  const letters = await eventually('both letters', async () => {
    const { body } = await anna.call('GET', '/v1/letters');
    const sent = body.data.filter(({ state }: { state: string }) => state === 'sent');
    return sent.length === 2 && (body.data as Element[]);
  });
  return {
    anna,
    paid: placed.body,
    trace: placed.headers.get('x-trace-id'),
    declined,
    operations,
    letters,
  };
}

type Bed = Awaited<ReturnType<typeof customerWithOrders>> & {
  operator: TestCustomer;
  system: TestSystem;
};

test('an operator lists and finds what customers have', async (t) => {
  const system = await sharedTestSystem();
  const operator = await system.operator();
  const bed = { ...(await customerWithOrders(system)), operator, system };
  await t.test('orders', (t) => checkOrders(t, bed));
  await t.test('operations', (t) => checkOperations(t, bed));
  await t.test('customers', (t) => checkCustomers(t, bed));
  await t.test('the search', (t) => checkSearch(t, bed));
  await t.test('customers may do none of it', () => checkForbidden(bed));
});

async function walk(operator: TestCustomer, path: string): Promise<Element[]> {
  const all: Element[] = [];
  let next = '';
  do {
    const { status, body }: { status: number; body: Pages } = await operator.call(
      'GET',
      `${path}${next}`,
    );
    assert.equal(status, 200, JSON.stringify(body));
    all.push(...body.data);
    next = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
  } while (next !== '');
  return all;
}

async function checkOrders(t: TestContext, { anna, paid, declined, operator, system }: Bed) {
  const path = `/v1/operator/orders?customerId=${anna.customerId}`;
  await t.test('by customer, status, amount and time, as the customer sees them', async () => {
    assert.deepEqual(await walk(operator, `${path}&limit=1`), [declined, paid]);
    assert.deepEqual(await walk(operator, `${path}&limit=1&sort=oldest`), [paid, declined]);
    assert.deepEqual(await walk(operator, `${path}&status=Paid`), [paid]);
    assert.deepEqual(await walk(operator, `${path}&reason=insufficient-funds`), [declined]);
    assert.deepEqual(await walk(operator, `${path}&minAmount=201`), [declined]);
    assert.deepEqual(await walk(operator, `${path}&until=2026-01-01T00:00:00Z`), []);
  });
  await t.test('of all customers, page by page', async () => {
    const boris = await system.customer({ topUp: 100 });
    const other = (await boris.call('POST', '/v1/orders', orderOf(10))).body;
    const all = await walk(operator, `/v1/operator/orders?limit=2&from=${paid.createdAt}`);
    const found = idsOf(all).filter((id) => [paid.id, declined.id, other.id].includes(id));
    assert.deepEqual(found, [other.id, declined.id, paid.id]);
  });
  await t.test('an address that a customer gives as the name of an item is masked', async () => {
    const boris = await system.customer({ topUp: 100 });
    const item = { name: 'for bob@example.com', sku: 'bob@example.com', quantity: 1 };
    const items = [{ ...item, unitPrice: rub(10) }];
    const { body: own } = await boris.call('POST', '/v1/orders', { items });
    const masked = { ...items[0], name: 'for b***@example.com', sku: 'b***@example.com' };
    const [listed] = await walk(operator, `/v1/operator/orders?customerId=${boris.customerId}`);
    const journey = await operator.call('GET', `/v1/operator/orders/${own.id}/journey`);
    const settled = await operator.call('POST', `/v1/operator/orders/${own.id}/settlement`, {
      reason: 'x',
    });
    for (const order of [listed, journey.body.order, settled.body]) {
      assert.deepEqual(order, { ...own, items: [masked] });
    }
    assert.deepEqual((await boris.call('GET', `/v1/orders/${own.id}`)).body, own);
  });
  await t.test('400 for a wrong cursor, range or parameter', async () => {
    const wrong: [query: string, parameter: string][] = [
      ['cursor=x', 'cursor'],
      ['from=2026-03-05T00:00:00Z&until=2026-03-05T00:00:00Z', 'until'],
      ['minAmount=2&maxAmount=1', 'maxAmount'],
      ['page=2', 'page'],
    ];
    for (const [query, parameter] of wrong) {
      const answer = await operator.call('GET', `${path}&${query}`);
      assertProblem(answer, 400, 'invalid-request');
      assert.equal(answer.body.errors[0].parameter, parameter, query);
    }
  });
}

async function checkOperations(t: TestContext, { anna, paid, operations, operator }: Bed) {
  const path = `/v1/operator/operations?customerId=${anna.customerId}`;
  const listed = operations.map((each) => ({ customerId: anna.customerId, ...each }));
  await t.test('of one wallet and of all', async () => {
    assert.deepEqual(await walk(operator, `${path}&limit=1`), listed);
    assert.deepEqual(await walk(operator, `${path}&type=charge`), listed.slice(0, 1));
    const all = await walk(operator, '/v1/operator/operations?limit=100&minAmount=200');
    const own = all.filter(({ customerId }) => customerId === anna.customerId);
    assert.deepEqual(own, listed);
  });
  await t.test('one by its id', async () => {
    const { status, body } = await operator.call(
      'GET',
      `/v1/operator/operations/${paid.payment.operationId}`,
    );
    assert.deepEqual([status, body], [200, { operation: listed[0], reversal: null }]);
    const missing = await operator.call('GET', `/v1/operator/operations/${randomUUID()}`);
    assertProblem(missing, 404, 'not-found');
  });
  await t.test('400 for a wrong cursor or parameter', async () => {
    for (const query of ['cursor=x', 'until=soon', 'type=gift', 'limit=0']) {
      assertProblem(await operator.call('GET', `${path}&${query}`), 400, 'invalid-request');
    }
  });
}

async function checkCustomers(t: TestContext, { anna, operator, system }: Bed) {
  await t.test('all of them, with balances and masked addresses', async () => {
    const all = await walk(operator, '/v1/operator/customers?limit=2&locale=ru');
    const own = all.filter(({ customerId }) => customerId === anna.customerId);
    const email = `${anna.email[0]}***@example.com`;
    const customer = { customerId: anna.customerId, name: 'Анна', email, locale: 'ru' };
    assert.deepEqual(own, [{ ...customer, balance: rub(300) }]);
    const byId = await operator.call('GET', `/v1/operator/customers?customerId=${anna.customerId}`);
    assert.deepEqual(byId.body, { data: own, nextCursor: null });
  });
  await t.test('an address that a customer gives as the name is masked too', async () => {
    const { customerId } = await system.customer({ name: 'Anna anna@example.com' });
    const path = `/v1/operator/customers?customerId=${customerId}`;
    const [found] = (await operator.call('GET', path)).body.data;
    assert.equal(found.name, 'Anna a***@example.com');
  });
  await t.test('400 for a wrong cursor or parameter', async () => {
    for (const query of ['cursor=x', 'locale=de', 'confirmed=1', 'name=Anna']) {
      const answer = await operator.call('GET', `/v1/operator/customers?${query}`);
      assertProblem(answer, 400, 'invalid-request');
    }
  });
}

async function checkSearch(t: TestContext, bed: Bed) {
  const { anna, paid, trace, operations, letters, operator } = bed;
  const find = (q: string) =>
    operator.call('GET', `/v1/operator/search?q=${encodeURIComponent(q)}`);
  const letter = letters.find(({ orderId }) => orderId === paid.id) as Element;
  const [charge] = operations as [Element];
  const order = {
    ...{ kind: 'order', id: paid.id, orderId: paid.id, customerId: anna.customerId },
    ...{ at: paid.createdAt, state: 'Paid', amount: paid.total },
  };
  const customer = {
    ...{ kind: 'customer', id: anna.customerId, orderId: null, customerId: anna.customerId },
    ...{ at: null, state: null, amount: rub(300) },
  };
  const letterHit = {
    ...{ kind: 'letter', id: letter.id, orderId: paid.id, customerId: anna.customerId },
    ...{ at: letter.createdAt, state: 'sent', amount: paid.total },
  };
  const operation = {
    ...{ kind: 'operation', id: charge.id, orderId: paid.id, customerId: anna.customerId },
    ...{ at: charge.createdAt, state: 'charge', amount: rub(-200) },
  };
  const cases: [q: string, ...hits: object[]][] = [
    [paid.id, { ...order, matched: 'order-id' }],
    [paid.id.replaceAll('-', ''), { ...order, matched: 'order-id' }],
    [paid.id.slice(0, 35), { ...order, matched: 'order-id' }],
    [`https://shop.example/orders/${paid.id}`, { ...order, matched: 'order-id' }],
    [`№ ${orderNumberOf(paid.id)}`, { ...order, matched: 'order-number' }],
    [anna.customerId, { ...customer, matched: 'customer-id' }],
    [anna.email.toUpperCase(), { ...customer, matched: 'email' }],
    [charge.id, { ...operation, matched: 'operation-id' }],
    [letter.id, { ...letterHit, matched: 'letter-id' }],
    [letter.messageId as string, { ...letterHit, matched: 'message-id' }],
    ['nothing of the kind'],
    ['deadbeefdeadbeef'],
  ];
  for (const [q, ...data] of cases) {
    await t.test(
      `for ${data.length === 0 ? q : JSON.stringify(data[0]).slice(0, 40)} by ${q.length} characters`,
      async () => {
        const { status, body } = await find(q);
        assert.deepEqual([status, body], [200, { data, unavailable: [] }], q);
      },
    );
  }
  await t.test('by the trace of the request, orders and letters', async () => {
    const { body } = await find(trace as string);
    assert.deepEqual(body, {
      data: [
        { ...order, matched: 'trace-id' },
        { ...letterHit, matched: 'trace-id' },
      ],
      unavailable: [],
    });
  });
  await t.test('for a customer without a profile, by orders and wallet', async () => {
    const id = `issuer|${randomUUID()}`;
    const [billing] = [bed.system.databaseUrl('billing')];
    await queryRows(billing, `insert into wallets (customer_id, currency) values ('${id}', 'RUB')`);
    const { data } = (await find(id)).body;
    assert.deepEqual(data, [
      ...[{ ...customer, id, customerId: id, amount: rub(0), matched: 'customer-id' }],
    ]);
    const path = `/v1/operator/wallets/${encodeURIComponent(id)}/operations`;
    assert.deepEqual((await operator.call('GET', path)).body, { data: [], nextCursor: null });
  });
  await t.test('400 for a text that is missing, empty or over-long', async () => {
    const wrong: [query: string, parameter: string][] = [
      ['', 'q'],
      ['?q=', 'q'],
      [`?q=${'x'.repeat(501)}`, 'q'],
      ['?q=x&limit=5', 'limit'],
    ];
    for (const [query, parameter] of wrong) {
      const answer = await operator.call('GET', `/v1/operator/search${query}`);
      assertProblem(answer, 400, 'invalid-request');
      assert.equal(answer.body.errors[0].parameter, parameter, query);
    }
  });
}

async function checkForbidden({ anna, paid }: Bed) {
  for (const [method, path] of [
    ['GET', '/orders'],
    ['GET', '/operations'],
    ['GET', `/operations/${paid.payment.operationId}`],
    ['GET', '/customers'],
    ['GET', `/search?q=${paid.id}`],
    ['POST', `/orders/${paid.id}/settlement`],
  ] as const) {
    const body = method === 'POST' ? { reason: 'x' } : undefined;
    assertProblem(await anna.call(method, `/v1/operator${path}`, body), 403, 'forbidden');
  }
}

test('an operator ends a pending order now, and a billing that is away leaves it Pending', async (t) => {
  // Recovery of its own accord would come much later.
  const system = await startTestSystem(t, {
    ORDER_DEADLINE_MS: '500',
    RECOVERY_AGE_MS: '3600000',
    RECOVERY_INTERVAL_MS: '3600000',
  });
  const [anna, operator] = [await system.customer({ topUp: 500 }), await system.operator()];
  const startBilling = await stop(system, 'billing');
  const key = { 'idempotency-key': 'one-order' };
  const { body: pending } = await answeredWith(202, () =>
    anna.call('POST', '/v1/orders', orderOf(100), key),
  );
  const settle = (orderId = pending.id, body: object = { reason: 'клиент ждёт' }) =>
    operator.call('POST', `/v1/operator/orders/${orderId}/settlement`, body);

  const away = await settle();
  assertProblem(away, 503, 'unavailable');
  const read = async () => (await anna.call('GET', `/v1/orders/${pending.id}`)).body;
  assert.deepEqual(await read(), pending);
  const partly = await operator.call('GET', `/v1/operator/search?q=${pending.id}`);
  assert.deepEqual(
    [partly.status, idsOf(partly.body.data), partly.body.unavailable],
    [200, [pending.id], ['billing']],
  );

  await startBilling();
  const settled = await answeredWith(200, settle);
  assert.deepEqual(
    [settled.body.status, settled.body.statusReason, settled.body.statusLabel],
    ['Cancelled', 'voided', 'Отменен'],
  );
  assert.deepEqual(await read(), settled.body);
  // An ended order stays as it is, and the customer's money too.
  assert.deepEqual((await settle()).body, settled.body);
  assert.deepEqual((await anna.call('GET', '/v1/wallet')).body.balance, rub(500));
  assertProblem(await settle(randomUUID()), 404, 'not-found');
  for (const reason of [' ', 'a\u0000b', 'a\nb', '\u202e', 'x'.repeat(201), 5]) {
    assertProblem(await settle(pending.id, { reason }), 400, 'invalid-request');
  }

  const trail = await operator.call(
    'GET',
    `/v1/operator/audit?subject=${pending.id}&action=settle-order`,
  );
  const [entry] = trail.body.data;
  assert.deepEqual([entry.reason, entry.before], ['клиент ждёт', { status: 'Pending' }]);
});

test('a captured payment makes a settled order Paid', async (t) => {
  const system = await startTestSystem(t, {
    RECOVERY_AGE_MS: '3600000',
    RECOVERY_INTERVAL_MS: '3600000',
  });
  const [anna, operator] = [await system.customer({ topUp: 500 }), await system.operator()];
  const { body: paid } = await anna.call('POST', '/v1/orders', orderOf(100));
  // As if the gateway had died after the charge.
  await queryRows(
    system.databaseUrl('orders'),
    `update orders set status = 'Pending', payment_operation_id = null where id = '${paid.id}'`,
  );
  // Of settlements at once, one ends the order, and all answer with it.
  const settle = () =>
    operator.call('POST', `/v1/operator/orders/${paid.id}/settlement`, { reason: 'оплата прошла' });
  for (const { status, body } of await Promise.all([settle(), settle(), settle()])) {
    assert.deepEqual([status, body.status, body.payment], [200, 'Paid', paid.payment]);
  }
  assert.deepEqual((await anna.call('GET', '/v1/wallet')).body.balance, rub(400));
  const { data } = (await anna.call('GET', '/v1/wallet/operations')).body;
  assert.deepEqual(data.filter(({ type }: { type: string }) => type === 'charge').length, 1);
});
