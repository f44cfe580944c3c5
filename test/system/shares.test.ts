import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { startFaultProxy } from '#harness/faults/fault-proxy.ts';
import { readMetrics } from '#harness/metrics.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { type Answer, call } from '#harness/requests.ts';
import {
  orderOf,
  rub,
  startTestSystem,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';

// Alone, or as one call of a batch.
const PAYMENT = /^(?:PUT \/payments|POST \/calls)/;
const SHARE = 2;
const OF_ONE_CLIENT_MAX = 64;

/** A gateway behind which billing can be made to hang. */
async function start(t: TestContext) {
  const system = await startTestSystem(t, { RECOVERY_AGE_MS: '600000' });
  const billing = await startFaultProxy(t);
  billing.target(...system.urlsOf('billing'));
  const { url } = await system.startExtraGateway({
    BILLING_URL: billing.url,
    ORDER_DEADLINE_MS: '60000',
    RECOVERY_AGE_MS: '600000',
  });
  const place = (customer: TestCustomer): Promise<Answer> =>
    call(url, 'POST', '/v1/orders', {
      body: orderOf(100),
      headers: { authorization: `Bearer ${customer.token}`, 'idempotency-key': randomUUID() },
    });
  const running = async () => (await readMetrics(url))['orderbell_requests_running{lane="orders"}'];
  return { system, billing, url, place, running };
}

const countOrders = async (system: TestSystem, customerId: string) => {
  const sql = `select count(*)::int as count from orders where customer_id = '${customerId}'`;
  const [row] = await queryRows(system.databaseUrl('orders'), sql);
  return row?.count as number;
};

test('a flood of one customer takes its share, and all orders of others are placed', async (t) => {
  const { system, billing, place, running } = await start(t);
  const [anna, mallory] = [
    await system.customer({ topUp: 100_000 }),
    await system.customer({ topUp: 100_000 }),
  ];
  // Both have ordered a moment ago.
  for (const customer of [mallory, anna]) assert.equal((await place(customer)).status, 201);
  billing.setFault({ kind: 'hang', requests: PAYMENT });
  const settled: number[] = [];
  const flood = Array.from({ length: 100 }, async () => {
    const { status, headers } = await place(mallory);
    settled.push(status);
    return { status, retryAfter: headers.get('retry-after') };
  });
  await eventually('what is too much is refused', async () => settled.length === 36);
  assert.equal(await running(), SHARE);
  // A request runs before its order is stored.
  const stored = () => countOrders(system, mallory.customerId);
  await eventually('those that run', async () => (await stored()) >= 1 + SHARE);
  assert.equal(await stored(), 1 + SHARE);

  const others = Array.from({ length: SHARE }, () => place(anna));
  await eventually('the orders of the other run', async () => (await running()) === 2 * SHARE);
  billing.setFault(null);
  for (const answer of await Promise.all(others)) assert.equal(answer.status, 201);
  const answers = await Promise.all(flood);
  const placed = answers.filter(({ status }) => status === 201);
  const refused = answers.filter(({ status }) => status === 503);
  assert.deepEqual([placed.length, refused.length], [OF_ONE_CLIENT_MAX, 36]);
  for (const { retryAfter } of refused) assert.match(retryAfter ?? '', /^[123]$/);
  assert.deepEqual(
    (await mallory.call('GET', '/v1/wallet')).body.balance,
    rub(100_000 - 100 * (1 + OF_ONE_CLIENT_MAX)),
  );
  await assertReconciled(system);
});

test('an order that waits for its turn is not placed when its client hangs up', async (t) => {
  const { system, billing, url, place, running } = await start(t);
  const [anna, mallory] = [
    await system.customer({ topUp: 100_000 }),
    await system.customer({ topUp: 100_000 }),
  ];
  for (const customer of [mallory, anna]) assert.equal((await place(customer)).status, 201);
  billing.setFault({ kind: 'hang', requests: PAYMENT });
  const body = JSON.stringify(orderOf(100));
  const request =
    `POST /v1/orders HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${mallory.token}\r\n` +
    `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const clients = Array.from({ length: 20 }, () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(request);
    return socket;
  });
  const stored = () => countOrders(system, mallory.customerId);
  await eventually('the share is stored', async () => (await stored()) === 1 + SHARE);
  await eventually('all are connected', async () => {
    return ((await readMetrics(url)).http_server_connections ?? 0) >= clients.length;
  });
  for (const client of clients) client.resetAndDestroy();
  await eventually('they are gone', async () => {
    return ((await readMetrics(url)).http_server_connections ?? 0) < clients.length;
  });
  billing.setFault(null);
  await eventually('no order runs', async () => (await running()) === 0);
  assert.equal((await place(mallory)).status, 201);
  assert.equal(await stored(), 1 + SHARE + 1);
  await assertReconciled(system);
});

test('pipelined orders of one connection are placed in their order, each once', async (t) => {
  const { system, url } = await start(t);
  const mallory = await system.customer({ topUp: 1_000_000 });
  const body = JSON.stringify(orderOf(100));
  const requests = Array.from(
    { length: 2_000 },
    (_, number) =>
      `POST /v1/orders HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${mallory.token}\r\n` +
      `idempotency-key: ${number}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => {});
  socket.write(requests.join(''));
  await eventually('the connection ends', async () => socket.destroyed || socket.readableEnded);
  const answered = text.match(/^HTTP\/1.1 201 /gm)?.length ?? 0;
  const stored = await countOrders(system, mallory.customerId);
  assert.ok(stored <= 33 && answered <= stored, `${answered} of ${stored}`);
  assert.ok(stored >= 1);
  await assertReconciled(system);
});
