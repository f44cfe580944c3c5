import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import { startTestSystem } from '#harness/system/system.ts';

// Services with different settings of CURRENCY: nothing is relabelled, and no order stays Pending.

const usd = (amount: number) => ({ amount, currency: 'USD' });
const orderIn = (currency: string) => ({
  items: [{ name: 'Tea', quantity: 1, unitPrice: { amount: 999, currency } }],
});

test('I3: an order in another currency than the wallet is cancelled at once and says why', async (t) => {
  const system = await startTestSystem(t, { RECOVERY_AGE_MS: '86400000' });
  const anna = await system.customer({ topUp: 2_000 });
  const orders = await system.system.startExtraReplica('orders', { CURRENCY: 'USD' });
  t.after(() => orders.close());
  const gateway = await system.startExtraGateway({ CURRENCY: 'USD', ORDERS_URL: orders.url });
  const place = () => callAt(gateway.url, anna.token, 'POST', '/v1/orders', orderIn('USD'), 'k1');

  const answer = await place();
  assertProblem(answer, 409, 'order-cancelled');
  const { status, statusReason, total } = answer.body.order;
  assert.deepEqual([status, statusReason, total], ['Cancelled', 'voided', usd(999)]);
  const [{ pointer, detail }] = answer.body.errors;
  assert.deepEqual([pointer, detail], ['#/items/0/unitPrice/currency', 'допустимо только: RUB']);

  const again = await place();
  assertProblem(again, 409, 'order-cancelled');
  assert.deepEqual(again.body.order, answer.body.order);
  assert.deepEqual((await anna.call('GET', '/v1/wallet')).body.balance.amount, 2_000);
  const pending = await queryRows(
    system.databaseUrl('orders'),
    `select id from orders where status = 'Pending'`,
  );
  assert.deepEqual(pending, []);
});

test('I3: recovery ends an order of any currency', async (t) => {
  // No request takes this long, so recovery never ends an order whose request still runs.
  const system = await startTestSystem(t, {
    RECOVERY_AGE_MS: '600000',
    RECOVERY_INTERVAL_MS: '50',
  });
  const [anna, operator] = [await system.customer({ topUp: 2_000 }), await system.operator()];
  const placed = await anna.call('POST', '/v1/orders', orderIn('RUB'));
  assert.equal(placed.status, 201);
  // As left by a request that died between its first two steps, under another setting.
  await queryRows(
    system.databaseUrl('orders'),
    `insert into orders (id, customer_id, idempotency_key, request_hash, status, items,
        total_amount, currency, version, created_at, updated_at)
      select gen_random_uuid(), customer_id, 'foreign', '\\x00', 'Pending',
        '[{"name": "Tea", "quantity": 1, "unitPrice": {"amount": 999, "currency": "USD"}}]',
        999, 'USD', 1, now() - interval '1 hour', now() - interval '1 hour'
      from orders limit 1`,
  );
  const order = await eventually('the end of the order', async () => {
    const { body } = await anna.call('GET', '/v1/orders?status=Cancelled');
    return body.data[0];
  });
  assert.deepEqual([order.statusReason, order.total], ['voided', usd(999)]);
  const journey = await operator.call('GET', `/v1/operator/orders/${order.id}/journey`);
  const { amount, balanceSeen } = journey.body.payment;
  assert.deepEqual([amount, balanceSeen], [usd(999), usd(0)]);
});

test('a gateway alone with another CURRENCY stores nothing and names the right one', async (t) => {
  const system = await startTestSystem(t);
  const [anna, operator] = [await system.customer({ topUp: 500 }), await system.operator()];
  const gateway = await system.startExtraGateway({ CURRENCY: 'USD' });
  const at = (path: string, body: unknown, token = anna.token) =>
    callAt(gateway.url, token, 'POST', path, body);

  const order = await at('/v1/orders', orderIn('USD'));
  assertProblem(order, 400, 'invalid-request');
  const topUps = [
    await at('/v1/wallet/top-ups', { amount: usd(999) }),
    await at(
      `/v1/operator/wallets/${anna.customerId}/top-ups`,
      { amount: usd(999) },
      operator.token,
    ),
  ];
  for (const answer of topUps) assertProblem(answer, 400, 'invalid-request');
  assert.deepEqual(
    [order, ...topUps].map(({ body }) => [body.errors[0].pointer, body.errors[0].detail]),
    [
      ['#/items/0/unitPrice/currency', 'допустимо только: RUB'],
      ['#/amount/currency', 'допустимо только: RUB'],
      ['#/amount/currency', 'допустимо только: RUB'],
    ],
  );
  assert.equal((await anna.call('GET', '/v1/orders')).body.data.length, 0);
  // The wallet's own currency, regardless of the gateway's setting.
  const wallet = await callAt(gateway.url, anna.token, 'GET', '/v1/wallet');
  assert.deepEqual(wallet.body.balance, { amount: 500, currency: 'RUB' });
});

test('billing does not start over wallets in another currency', async (t) => {
  const system = await startTestSystem(t);
  await system.customer({ topUp: 500 });
  await assert.rejects(
    // Closed where it starts all the same, so that the test fails and does not hang.
    system.system
      .startExtraReplica('billing', { CURRENCY: 'USD' })
      .then((started) => started.close()),
    /CURRENCY is USD, but this database's wallets are kept in RUB \(1 wallet, 0 decided payments\)/,
  );
});

async function callAt(
  url: string,
  token: string,
  method: string,
  path: string,
  body?: unknown,
  key?: string,
) {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(key !== undefined && { 'idempotency-key': key }),
  };
  return call(url, method, path, { headers, ...(body !== undefined && { body }) });
}
