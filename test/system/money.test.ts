import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import * as billing from '#contracts/billing.ts';
import * as orders from '#contracts/orders.ts';
import { queryRows, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { LEDGER_VIOLATIONS } from '#harness/oracle/ledger.ts';
import { type Answer, call } from '#harness/requests.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import {
  orderOf,
  PATIENT,
  rub,
  startTestSystem,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { createHttpClient, type HttpClient } from '#platform/http/client.ts';
import { createCredentials } from '#platform/http/service-token.ts';

const order = (customer: TestCustomer, price: number, key?: string): Promise<Answer> =>
  customer.call(
    'POST',
    '/v1/orders',
    orderOf(price),
    key === undefined ? {} : { 'idempotency-key': key },
  );

const balanceOf = async (customer: TestCustomer): Promise<unknown> =>
  (await customer.call('GET', '/v1/wallet')).body.balance;

const topUp = (customer: TestCustomer, amount: number): Promise<Answer> =>
  customer.call('POST', '/v1/wallet/top-ups', { amount: rub(amount) });

async function assertLedger(system: TestSystem): Promise<void> {
  assert.deepEqual(await queryRows(system.databaseUrl('billing'), LEDGER_VIOLATIONS), []);
}

/** The kinds of the customer's letters, once so many were sent. */
function sentLetters(customer: TestCustomer, count: number): Promise<string[]> {
  return eventually(`${count} letters sent`, async () => {
    const { body } = await customer.call('GET', '/v1/letters?limit=100');
    const sent = body.data.filter(({ state }: { state: string }) => state === 'sent');
    return sent.length === count && sent.map(({ kind }: { kind: string }) => kind);
  });
}

test('an order charges its total exactly once', async (t) => {
  const system = await sharedTestSystem();
  await t.test('the exact balance pays an order; one unit more is 406 and leaves the balance', () =>
    checkExactBalance(system),
  );
  await t.test('a decline stays a decline after a top-up; a new key is a new order', () =>
    checkDecline(system),
  );
  await t.test('I1: the same key and body are the same order; another body is 422', () =>
    checkKeys(system),
  );
  await t.test('I1: twins at the same moment are one order, charged once, with one letter', () =>
    checkTwins(system),
  );
});

async function checkExactBalance(system: TestSystem) {
  const anna = await system.customer({ topUp: 5_000 });
  const more = await order(anna, 5_001);
  assert.equal(more.status, 406);
  assert.deepEqual(
    [more.body.balance, more.body.required, more.body.shortfall],
    [rub(5_000), rub(5_001), rub(1)],
  );
  assert.deepEqual(await balanceOf(anna), rub(5_000));
  const exact = await order(anna, 5_000);
  assert.deepEqual([exact.status, exact.body.status], [201, 'Paid']);
  assert.deepEqual(await balanceOf(anna), rub(0));
  await assertLedger(system);
}

test('I1, I4, I5, I6: fifty orders at once on a balance for ten: 10 × 201, 40 × 406, fifty letters', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const anna = await system.customer({ topUp: 10_000 });
  const answers = await Promise.all(Array.from({ length: 50 }, () => order(anna, 1_000)));
  const withStatus = (status: number) => answers.filter((answer) => answer.status === status);
  assert.deepEqual([withStatus(201).length, withStatus(406).length], [10, 40]);
  assert.deepEqual(await balanceOf(anna), rub(0));
  await assertLedger(system);

  const kinds = await sentLetters(anna, 50);
  assert.equal(kinds.filter((kind) => kind === 'happiness').length, 10);
  assert.equal(kinds.filter((kind) => kind === 'grief').length, 40);
  // As many mails, each about another order.
  const { body } = await call(system.mailbox.httpUrl, 'GET', '/mailbox/messages?limit=100');
  assert.equal(body.data.length, 50);
  const countLetters = (status: number, title: string) =>
    withStatus(status).filter(({ body: answer }) => {
      const id: string = answer.id ?? answer.order.id;
      return body.data.some(
        ({ subject }: { subject: string }) => subject.startsWith(title) && subject.includes(id),
      );
    }).length;
  assert.deepEqual(
    [countLetters(201, 'Письмо счастья'), countLetters(406, 'Письмо горя')],
    [10, 40],
  );
});

async function checkDecline(system: TestSystem) {
  const anna = await system.customer({ topUp: 300 });
  const first = await order(anna, 500, 'k-1');
  assert.equal(first.status, 406);
  await topUp(anna, 1_000);
  const again = await order(anna, 500, 'k-1');
  assert.equal(again.status, 406);
  assert.equal(again.body.order.id, first.body.order.id);
  assert.deepEqual(
    [again.body.balance, again.body.required, again.body.shortfall],
    [rub(300), rub(500), rub(200)],
  );
  assert.equal(again.headers.get('idempotency-key'), 'k-1');
  assert.deepEqual(await balanceOf(anna), rub(1_300));
  assert.equal((await order(anna, 500, 'k-2')).status, 201);
  assert.deepEqual(await balanceOf(anna), rub(800));
}

async function checkKeys(system: TestSystem) {
  const anna = await system.customer({ topUp: 10_000 });
  const first = await order(anna, 500, 'k');
  const again = await order(anna, 500, 'k');
  assert.deepEqual([again.status, again.body], [201, first.body]);
  const other = await order(anna, 501, 'k');
  assert.deepEqual([other.status, other.body.code], [422, 'idempotency-key-reused']);
  assert.deepEqual(await balanceOf(anna), rub(9_500));

  // Another customer's equal key is another order.
  const boris = await system.customer({ topUp: 500 });
  const boriss = await order(boris, 500, 'k');
  assert.equal(boriss.status, 201);
  assert.notEqual(boriss.body.id, first.body.id);
}

async function checkTwins(system: TestSystem) {
  const anna = await system.customer({ topUp: 10_000 });
  const paid = await Promise.all(Array.from({ length: 10 }, () => order(anna, 600, 'paid')));
  for (const { status, body } of paid) {
    assert.equal(status, 201);
    assert.deepEqual(body, paid[0]?.body);
  }
  const refused = await Promise.all(Array.from({ length: 10 }, () => order(anna, 9_401, 'dear')));
  for (const { status, body } of refused) {
    assert.equal(status, 406);
    assert.deepEqual(
      [body.order, body.balance, body.shortfall],
      [refused[0]?.body.order, rub(9_400), rub(1)],
    );
  }
  assert.deepEqual(await balanceOf(anna), rub(9_400));
  assert.deepEqual((await sentLetters(anna, 2)).sort(), ['grief', 'happiness']);
  await assertLedger(system);
}

/** Calls a service as the gateway would. */
async function asGateway(
  { urlsOf, secrets }: TestSystem,
  callee: 'orders' | 'billing',
): Promise<HttpClient> {
  return createHttpClient({
    callee,
    urls: urlsOf(callee),
    credentials: await createCredentials('gateway', secrets.gatewayKey),
    log: testLog,
  });
}

test('I2, I3: orders whose request died are ended by recovery: paid if charged, else voided', async (t) => {
  const system = await startTestSystem(t, {
    RECOVERY_AGE_MS: '0',
    RECOVERY_INTERVAL_MS: '50',
  });
  const anna = await system.customer({ topUp: 10_000 });
  const ordersClient = await asGateway(system, 'orders');
  const billingClient = await asGateway(system, 'billing');
  t.after(() => Promise.all([ordersClient.close(), billingClient.close()]));
  const deadline = () => ({ deadline: deadlineIn(5_000) });
  const pay = async ({ id, customerId, total }: orders.Order) =>
    billingClient.call(
      billing.decidePayment,
      { params: { orderId: id }, body: { customerId, amount: total } },
      deadline(),
    );
  const create = async (idempotencyKey: string): Promise<orders.Order> => {
    const body = {
      customerId: anna.customerId,
      idempotencyKey,
      items: orderOf(700).items as orders.OrderItem[],
    };
    const answer = await ordersClient.call(orders.createOrder, { body }, deadline());
    assert.ok(!answer.problem);
    return answer.body;
  };
  const ended = (id: string) =>
    eventually(`order ${id} to end`, async () => {
      const { body } = await anna.call('GET', `/v1/orders/${id}`);
      return body.status !== 'Pending' && body;
    });

  // Orders of a gateway that died before or after the payment decision. If recovery is quicker than
  // our payment, the payment answers so and the test tries another order.
  const abandoned = await create('abandoned');
  const charged = await eventually('an order charged before recovery came', async () => {
    const candidate = await create(randomUUID());
    return (await pay(candidate)).status === 201 && candidate;
  });

  const cancelled = await ended(abandoned.id);
  assert.deepEqual([cancelled.status, cancelled.statusReason], ['Cancelled', 'voided']);
  const paid = await ended(charged.id);
  assert.equal(paid.status, 'Paid');
  const { body: operations } = await anna.call('GET', '/v1/wallet/operations');
  assert.equal(operations.data[0].id, paid.payment.operationId);
  assert.deepEqual(await balanceOf(anna), rub(9_300));

  // A payment that comes late can never succeed, neither inside nor by the customer's repetition.
  const late = await pay(abandoned);
  assert.ok(late.problem);
  assert.deepEqual([late.status, late.body.code], [409, 'payment-voided']);
  const again = await order(anna, 700, 'abandoned');
  assert.deepEqual([again.status, again.body.code], [409, 'order-cancelled']);
  assert.equal(again.body.order.id, abandoned.id);
  assert.deepEqual(await balanceOf(anna), rub(9_300));
  await assertLedger(system);

  const letterOf = (id: string) =>
    eventually(`the letter of ${id}`, async () => {
      const { body } = await anna.call('GET', `/v1/letters?orderId=${id}`);
      return body.data.length === 1 && body.data[0].state === 'sent' && body.data[0];
    });
  assert.equal((await letterOf(charged.id)).kind, 'happiness');
  const grief = await letterOf(abandoned.id);
  assert.equal(grief.kind, 'grief');
  assert.match(grief.text, /не удалось завершить вовремя/);
});
