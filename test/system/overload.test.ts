import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { startFaultProxy } from '#harness/faults/fault-proxy.ts';
import { readMetrics } from '#harness/metrics.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { type Answer, call } from '#harness/requests.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import {
  orderOf,
  PASSWORD,
  rub,
  startTestSystem,
  type TestCustomer,
} from '#harness/system/system.ts';

const LIMIT = 64;
// Alone, or as one call of a batch.
const PAYMENT = /^(?:PUT \/payments|POST \/calls)/;
const WALLET = /^GET \/wallets\//;

/** A system with a gateway of the smallest limits, behind which billing can be made to hang. */
async function startLimited(t: TestContext) {
  const system = await startTestSystem(t, { RECOVERY_AGE_MS: '600000' });
  const billing = await startFaultProxy(t);
  billing.target(...system.urlsOf('billing'));
  const gateway = await system.startExtraGateway({
    BILLING_URL: billing.url,
    ORDERS_IN_FLIGHT_MAX: String(LIMIT),
    REQUESTS_IN_FLIGHT_MAX: String(LIMIT),
    // Hanging requests end only when the test releases them.
    ORDER_DEADLINE_MS: '60000',
    RECOVERY_AGE_MS: '600000',
  });
  const { url } = gateway;
  const running = async (lane: string) =>
    (await readMetrics(url))[`orderbell_requests_running{lane="${lane}"}`];
  const callAs = (
    customer: TestCustomer,
    method: string,
    path: string,
    body?: unknown,
    more = {},
  ) =>
    call(url, method, path, {
      headers: { authorization: `Bearer ${customer.token}`, ...more },
      ...(body !== undefined && { body }),
    });
  return {
    system,
    billing,
    url,
    running,
    callAs,
    place: (customer: TestCustomer, key: string = randomUUID()) =>
      callAs(customer, 'POST', '/v1/orders', orderOf(100), { 'idempotency-key': key }),
    untilRunning: (lane: string, count: number) =>
      eventually(`${count} ${lane}`, async () => (await running(lane)) === count),
  };
}

const many = (one: () => Promise<Answer>) => Array.from({ length: LIMIT }, one);

test('64 concurrent orders are accepted; the 65th is refused at once and can be repeated', async (t) => {
  const { system, billing, url, place, callAs, running, untilRunning } = await startLimited(t);
  const anna = await system.customer({ topUp: 100_000 });
  billing.setFault({ kind: 'hang', requests: PAYMENT });
  const held = many(() => place(anna));
  await untilRunning('orders', LIMIT);
  const countStored = async () => {
    const sql = 'select count(*)::int as count from orders';
    return (await queryRows(system.databaseUrl('orders'), sql))[0]?.count as number;
  };
  // A request runs before its order is stored.
  await eventually('all orders', async () => (await countStored()) >= LIMIT);

  const refused = await place(anna, 'own-key');
  assertProblem(refused, 503, 'overloaded');
  assert.equal(refused.headers.get('idempotency-key'), 'own-key');
  const keyless = await callAs(anna, 'POST', '/v1/orders', orderOf(100));
  assertProblem(keyless, 503, 'overloaded');
  const made = keyless.headers.get('idempotency-key') ?? '';
  assert.match(made, /^[\x21-\x7e]{1,255}$/);
  const broken = await callAs(anna, 'POST', '/v1/orders', {}, { 'idempotency-key': 'a b' });
  assertProblem(broken, 503, 'overloaded');
  assert.equal(broken.headers.get('idempotency-key'), null);
  // Refused before authentication.
  assertProblem(await call(url, 'POST', '/v1/orders', { body: {} }), 503, 'overloaded');

  // All other requests still work.
  for (const path of ['/livez', '/readyz', '/metrics']) {
    assert.equal((await call(url, 'GET', path)).status, 200, path);
  }
  assert.deepEqual((await callAs(anna, 'GET', '/v1/wallet')).body.balance, rub(100_000));
  assert.equal((await callAs(anna, 'GET', '/v1/orders?limit=1')).status, 200);

  // All that while the others hang: none of them was answered, and nothing was kept of the refused.
  assert.equal(await running('orders'), LIMIT);
  assert.equal(await countStored(), LIMIT);

  billing.setFault(null);
  for (const answer of await Promise.all(held)) assert.equal(answer.status, 201);
  for (const key of ['own-key', 'own-key', made]) {
    assert.equal((await place(anna, key)).status, 201);
  }
  assert.deepEqual(
    (await callAs(anna, 'GET', '/v1/wallet')).body.balance,
    rub(100_000 - 100 * (LIMIT + 2)),
  );
  await assertReconciled(system);
});

test('orders whose clients hung up count until they have ended', async (t) => {
  const { system, billing, url, place, untilRunning } = await startLimited(t);
  const anna = await system.customer({ topUp: 100_000 });
  billing.setFault({ kind: 'hang', requests: PAYMENT });
  const body = JSON.stringify(orderOf(100));
  const request =
    `POST /v1/orders HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${anna.token}\r\n` +
    `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const clients: Socket[] = Array.from({ length: LIMIT }, () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(request);
    return socket;
  });
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  await eventually('all their payments', async () => {
    const [row] = await queryRows(
      system.databaseUrl('orders'),
      'select count(*)::int as count from orders',
    );
    return row?.count === LIMIT;
  });
  await untilRunning('orders', LIMIT);
  for (const client of clients) client.resetAndDestroy();
  assertProblem(await place(anna), 503, 'overloaded');
  billing.setFault(null);
  await untilRunning('orders', 0);
  assert.equal((await place(anna)).status, 201);
  const statuses = await queryRows(
    system.databaseUrl('orders'),
    'select status, count(*)::int as count from orders group by status',
  );
  assert.deepEqual(statuses, [{ status: 'Paid', count: LIMIT + 1 }]);
});

test('a flood of reads is refused and does not block orders', async (t) => {
  const { system, billing, url, place, callAs, running, untilRunning } = await startLimited(t);
  const anna = await system.customer({ topUp: 1_000 });
  const password = { email: anna.email, password: PASSWORD };
  const held: Promise<unknown>[] = [];
  const added: Answer[] = [];
  const [signIn, read, topUp, order] = await eventually(
    'answers while all reads hang',
    async () => {
      billing.setFault({ kind: 'hang', requests: WALLET });
      let ended = 0;
      const one = () => callAs(anna, 'GET', '/v1/wallet').finally(() => ended++);
      held.push(...many(one));
      const areHeld = async () => ended > 0 || (await running('requests')) === LIMIT;
      await eventually(`${LIMIT} requests`, areHeld);
      const answers = await Promise.all([
        call(url, 'POST', '/v1/sessions', { body: password }),
        callAs(anna, 'GET', '/v1/orders'),
        callAs(anna, 'POST', '/v1/wallet/top-ups', { amount: rub(1) }),
        place(anna, 'while-reads-hang'),
      ]);
      // On a slow machine the reads end by their deadline before, and leave room.
      if (ended === 0) return answers;
      if (answers[2].status === 201) added.push(answers[2]);
      billing.setFault(null);
      await untilRunning('requests', 0);
      return false;
    },
  );
  // Sign-ins are admitted too.
  assert.equal(signIn.status, 200);
  assertProblem(read, 503, 'overloaded');
  assert.equal(read.headers.get('idempotency-key'), null);
  assertProblem(topUp, 503, 'overloaded');
  assert.ok(topUp.headers.get('idempotency-key'));
  assert.equal(order.status, 201);
  billing.setFault(null);
  await Promise.all(held);
  await untilRunning('requests', 0);
  const { balance } = (await callAs(anna, 'GET', '/v1/wallet')).body;
  assert.deepEqual(balance, rub(900 + added.length));
});

test('limits below 64 stop the start: so many connections are never refused', async () => {
  const system = await sharedTestSystem();
  for (const name of ['ORDERS_IN_FLIGHT_MAX', 'SIGN_INS_IN_FLIGHT_MAX', 'REQUESTS_IN_FLIGHT_MAX']) {
    const start = system.startExtraGateway({ [name]: '63' });
    await assert.rejects(start, new RegExp(`${name} must be at least 64`));
  }
});
