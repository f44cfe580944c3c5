import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { eventually } from '#harness/eventually.ts';
import { type FaultProxy, startFaultProxy } from '#harness/faults/fault-proxy.ts';
import { type History, newHistory, orderAnswer } from '#harness/oracle/history.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { type Answer, answeredWith, call } from '#harness/requests.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import {
  orderOf,
  rub,
  startTestSystem,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';

// The table of answers (docs/protocol.md) when hops lose requests or answers. Each test ends with
// the reconciliation, which also compares every answer with the final status of its order.

const CREATE = /^POST \/orders /;
const PAY = /^PUT \/payments\/[^/]+ /;
const RECORD = /^PUT \/orders\/[^/]+\/payment /;
const TOP_UP = /^POST \/wallets\//;

interface TestBed {
  system: TestSystem;
  /** Between the gateways and each service. */
  orders: FaultProxy;
  billing: FaultProxy;
  history: History;
  /** Places an order, at another gateway where one is given, and keeps the answer. */
  place(customer: TestCustomer, key: string, amount: number, url?: string): Promise<Answer>;
}

/** A system whose gateways reach orders and billing through proxies only. */
async function startBench(t: TestContext): Promise<TestBed> {
  const orders = await startFaultProxy(t);
  const billing = await startFaultProxy(t);
  const system = await startTestSystem(t, {
    ORDERS_URL: orders.url,
    BILLING_URL: billing.url,
    // No recovery, unless a test starts a gateway for it.
    RECOVERY_AGE_MS: '600000',
  });
  orders.target(...system.urlsOf('orders'));
  billing.target(...system.urlsOf('billing'));
  const history = newHistory();
  return {
    system,
    orders,
    billing,
    history,
    async place({ customerId, token }, key, amount, url = system.url) {
      const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key };
      const body = orderOf(amount);
      const answer = await call(url, 'POST', '/v1/orders', { headers, body });
      history.orders.push(orderAnswer({ customerId, key, amount }, answer));
      return answer;
    },
  };
}

/** A gateway that gives an order less time than one attempt of a call takes. */
const startHasty = ({ system }: TestBed) => system.startExtraGateway({ ORDER_DEADLINE_MS: '600' });

/** A gateway whose requests do not end by their deadline, however busy the machine is. */
const startPatient = ({ system }: TestBed) =>
  system.startExtraGateway({ ORDER_DEADLINE_MS: '60000' });

/** A gateway whose recovery takes every Pending order that it sees. */
const startRecovering = ({ system }: TestBed) =>
  system.startExtraGateway({ RECOVERY_AGE_MS: '0', RECOVERY_INTERVAL_MS: '50' });

const balanceOf = async (customer: TestCustomer): Promise<unknown> =>
  (await customer.call('GET', '/v1/wallet')).body.balance;

async function orderIds(customer: TestCustomer): Promise<string[]> {
  const { body } = await customer.call('GET', '/v1/orders');
  return body.data.map(({ id }: { id: string }) => id);
}

function untilEnded(customer: TestCustomer, id: string): Promise<Answer['body']> {
  return eventually(`order ${id} to end`, async () => {
    const { body } = await customer.call('GET', `/v1/orders/${id}`);
    return body.status !== 'Pending' && body;
  });
}

function assertPending(answer: Answer, key: string): void {
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  assert.equal(answer.body.status, 'Pending');
  assert.equal(answer.headers.get('location'), `/v1/orders/${answer.body.id}`);
  assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  assert.equal(answer.headers.get('idempotency-key'), key);
}

test('a lost answer of any hop is requested again: one order, one charge, one answer', async (t) => {
  const testBed = await startBench(t);
  const { system, place } = testBed;
  for (const [hop, proxy, requests] of [
    ['create', testBed.orders, CREATE],
    ['decide', testBed.billing, PAY],
    ['record', testBed.orders, RECORD],
  ] as const) {
    await t.test(`the answer of ${hop} lost twice: 201`, async () => {
      const customer = await system.customer({ topUp: 1_000 });
      proxy.setFault({ kind: 'swallow-answers', requests, times: 2 });
      const answer = await place(customer, 'key', 100);
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      assert.equal(proxy.met.length, 2);
      assert.deepEqual(await orderIds(customer), [answer.body.id]);
      assert.deepEqual(await balanceOf(customer), rub(900));
      assert.deepEqual((await place(customer, 'key', 100)).body, answer.body);
    });

    await t.test(`the answer of ${hop} lost: 406 with what the wallet held`, async () => {
      const customer = await system.customer({ topUp: 70 });
      proxy.setFault({ kind: 'swallow-answers', requests, times: 1 });
      const answer = await place(customer, 'key', 100);
      assertProblem(answer, 406, 'insufficient-funds');
      assert.equal(proxy.met.length, 1);
      assert.deepEqual([answer.body.balance, answer.body.shortfall], [rub(70), rub(30)]);
    });
  }

  await t.test('connections refused for a moment: 201', async () => {
    const customer = await system.customer({ topUp: 1_000 });
    testBed.orders.setFault({ kind: 'refuse', times: 2 });
    testBed.billing.setFault({ kind: 'refuse', times: 2 });
    assert.equal((await place(customer, 'key', 100)).status, 201);
    assert.deepEqual([testBed.orders.met.length, testBed.billing.met.length], [2, 2]);
  });

  await t.test('the answer of a top-up lost: topped up once', async () => {
    const customer = await system.customer();
    testBed.billing.setFault({ kind: 'swallow-answers', requests: TOP_UP, times: 2 });
    const answer = await customer.call('POST', '/v1/wallet/top-ups', { amount: rub(50) });
    assert.equal(answer.status, 201);
    assert.equal(testBed.billing.met.length, 2);
    assert.deepEqual(await balanceOf(customer), rub(50));
  });
  await assertReconciled(system, testBed.history);
});

test('an outcome that is not known in time is 202 or 503; the same key then gets the final answer', async (t) => {
  const testBed = await startBench(t);
  const { system, orders, billing, place } = testBed;
  const hasty = await startHasty(testBed);

  await t.test('billing hangs: 202, also repeated; another body is 422 all along', async () => {
    const customer = await system.customer({ topUp: 1_000 });
    billing.setFault({ kind: 'hang', requests: PAY });
    const first = await answeredWith(202, () => place(customer, 'key', 100, hasty.url));
    assertPending(first, 'key');
    const again = await answeredWith(202, () => place(customer, 'key', 100, hasty.url));
    assert.deepEqual(again.body, first.body);
    const reused = await answeredWith(422, () => place(customer, 'key', 101, hasty.url));
    assertProblem(reused, 422, 'idempotency-key-reused');
    // Both abandoned payments now continue, concurrently with the third.
    billing.setFault(null);
    const paid = await answeredWith(201, () => place(customer, 'key', 100, hasty.url));
    assert.equal(paid.body.id, first.body.id);
    assertProblem(await place(customer, 'key', 101), 422, 'idempotency-key-reused');
    assert.deepEqual(await balanceOf(customer), rub(900));
  });

  await t.test(
    'orders hangs: 503 with the key; late requests and replays make one order',
    async () => {
      const customer = await system.customer({ topUp: 1_000 });
      orders.setFault({ kind: 'hang', requests: CREATE });
      const own = await place(customer, 'own', 100, hasty.url);
      assertProblem(own, 503, 'unavailable');
      assert.equal(own.headers.get('idempotency-key'), 'own');
      assert.equal(own.headers.get('location'), null);
      const headers = { authorization: `Bearer ${customer.token}` };
      const keyless = await call(hasty.url, 'POST', '/v1/orders', { headers, body: orderOf(100) });
      assertProblem(keyless, 503, 'unavailable');
      const made = keyless.headers.get('idempotency-key') as string;
      orders.setFault(null);
      const ids = new Set<string>();
      for (const key of ['own', made, 'own', made]) {
        const answer = await place(customer, key, 100);
        assert.equal(answer.status, 201);
        ids.add(answer.body.id);
      }
      assert.deepEqual((await orderIds(customer)).sort(), [...ids].sort());
      assert.deepEqual([ids.size, await balanceOf(customer)], [2, rub(800)]);
    },
  );

  for (const [hop, proxy, requests, ends] of [
    ['decide', billing, PAY, ['Pending', 'Pending']],
    ['record', orders, RECORD, ['Paid', 'Cancelled']],
  ] as const) {
    await t.test(`every answer of ${hop} lost: 202, then what was decided`, async () => {
      const customer = await system.customer({ topUp: 130 });
      proxy.setFault({ kind: 'swallow-answers', requests });
      const placeUntil = (key: string, decision: string, status: string) => {
        let pending: Answer | undefined;
        // A late record may end the order after a 202; then a repetition gets the final answer.
        const late = status === 'Pending' ? [] : [decision === 'captured' ? 201 : 406];
        return eventually(`${key} to be ${decision}`, async () => {
          const answer = await place(customer, key, 100, hasty.url);
          if (answer.status === 202) pending = answer;
          else
            assert.ok([503, ...(pending ? late : [])].includes(answer.status), `${answer.status}`);
          if (pending === undefined) return false;
          const { body } = await customer.call('GET', `/v1/orders/${pending.body.id}/journey`);
          return body.payment?.decision === decision && body.order.status === status && pending;
        });
      };
      const cheap = await placeUntil('cheap', 'captured', ends[0]);
      const dear = await placeUntil('dear', 'declined', ends[1]);
      assertPending(cheap, 'cheap');
      assertPending(dear, 'dear');
      // A decision is final, even if the wallet now holds enough.
      await customer.call('POST', '/v1/wallet/top-ups', { amount: rub(1_000) });
      proxy.setFault(null);
      const paid = await place(customer, 'cheap', 100);
      assert.deepEqual([paid.status, paid.body.id], [201, cheap.body.id]);
      const refused = await place(customer, 'dear', 100);
      assertProblem(refused, 406, 'insufficient-funds');
      assert.equal(refused.body.order.id, dear.body.id);
      assert.deepEqual([refused.body.balance, refused.body.shortfall], [rub(30), rub(70)]);
      assert.deepEqual(await balanceOf(customer), rub(1_030));
    });
  }
  await assertReconciled(system, testBed.history);
});

test('an order that recovery voided is 409, and a late payment is not accepted', async (t) => {
  const testBed = await startBench(t);
  const { system, billing, place } = testBed;

  await t.test('after a 202: the replay is 409, a new key is a new order', async () => {
    const customer = await system.customer({ topUp: 1_000 });
    const hasty = await startHasty(testBed);
    billing.setFault({ kind: 'hang', requests: PAY });
    const pending = await answeredWith(202, () => place(customer, 'key', 100, hasty.url));
    assertPending(pending, 'key');
    const recovering = await startRecovering(testBed);
    const ended = await untilEnded(customer, pending.body.id);
    await recovering.close();
    assert.deepEqual([ended.status, ended.statusReason], ['Cancelled', 'voided']);
    const voided = await place(customer, 'key', 100);
    assertProblem(voided, 409, 'order-cancelled');
    assert.deepEqual(voided.body.order, ended);
    assert.equal(voided.headers.get('location'), `/v1/orders/${ended.id}`);
    assert.match(voided.body.detail, /Idempotency-Key/);
    billing.setFault(null);
    assertProblem(await place(customer, 'key', 100), 409, 'order-cancelled');
    assert.equal((await place(customer, 'new-key', 100)).status, 201);
    assert.deepEqual(await balanceOf(customer), rub(900));
  });

  await t.test('while the request still runs: it is answered 409 itself', async () => {
    const customer = await system.customer({ topUp: 1_000 });
    billing.setFault({ kind: 'hang', requests: PAY });
    const patient = await startPatient(testBed);
    const recovering = await startRecovering(testBed);
    const placed = place(customer, 'key', 100, patient.url);
    await billing.reached(PAY);
    const [id] = await orderIds(customer);
    const ended = await untilEnded(customer, id as string);
    await recovering.close();
    billing.setFault(null);
    const answer = await placed;
    assertProblem(answer, 409, 'order-cancelled');
    assert.deepEqual(answer.body.order, ended);
    assert.deepEqual(await balanceOf(customer), rub(1_000));
  });

  await t.test('recovery finds a charge whose answer was lost: the order is Paid', async () => {
    const customer = await system.customer({ topUp: 1_000 });
    const hasty = await startHasty(testBed);
    billing.setFault({ kind: 'swallow-answers', requests: PAY });
    const charge = async () => {
      const answer = await answeredWith(202, () => place(customer, 'key', 100, hasty.url));
      return isDeepStrictEqual(await balanceOf(customer), rub(900)) && answer;
    };
    const pending = await eventually('a charge', charge);
    assertPending(pending, 'key');
    const recovering = await startRecovering(testBed);
    assert.equal((await untilEnded(customer, pending.body.id)).status, 'Paid');
    await recovering.close();
    assert.equal((await place(customer, 'key', 100)).status, 201);
    assert.deepEqual(await balanceOf(customer), rub(900));
  });
  await assertReconciled(system, testBed.history);
});

/** Sends an order, and hangs up before the answer once the service behind has been asked. */
async function placeAndHangUp(
  { billing }: TestBed,
  customer: TestCustomer,
  url: string,
): Promise<void> {
  const body = JSON.stringify(orderOf(100));
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(
    [
      'POST /v1/orders HTTP/1.1',
      `host: ${host}`,
      `authorization: Bearer ${customer.token}`,
      `idempotency-key: ${randomUUID()}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
  await billing.reached(PAY);
  socket.destroy();
  await once(socket, 'close');
  // Once the gateway answers a later request, it has noticed the hang-up too.
  assert.equal((await call(url, 'GET', '/livez')).status, 200);
}

test('a client that hangs up changes nothing', async (t) => {
  const testBed = await startBench(t);
  const { system, billing } = testBed;

  await t.test('the request continues until its deadline, and the letter is sent', async () => {
    const customer = await system.customer({ topUp: 1_000 });
    billing.setFault({ kind: 'hang', requests: PAY });
    const patient = await startPatient(testBed);
    await placeAndHangUp(testBed, customer, patient.url);
    const [id] = await orderIds(customer);
    assert.equal((await customer.call('GET', `/v1/orders/${id}`)).body.status, 'Pending');
    billing.setFault(null);
    // There is no recovery here: only the request itself can end it.
    assert.equal((await untilEnded(customer, id as string)).status, 'Paid');
    assert.deepEqual(await balanceOf(customer), rub(900));
  });

  await t.test('after its deadline, recovery ends the order', async () => {
    const customer = await system.customer({ topUp: 1_000 });
    // Long enough for a busy machine to ask billing within it.
    const hasty = await system.startExtraGateway({ ORDER_DEADLINE_MS: '3000' });
    billing.setFault({ kind: 'hang', requests: PAY });
    await placeAndHangUp(testBed, customer, hasty.url);
    const [id] = await orderIds(customer);
    await hasty.close();
    const recovering = await startRecovering(testBed);
    assert.equal((await untilEnded(customer, id as string)).status, 'Cancelled');
    await recovering.close();
    billing.setFault(null);
    assert.deepEqual(await balanceOf(customer), rub(1_000));
  });
  // With one letter for each of the two orders.
  await assertReconciled(system);
});
