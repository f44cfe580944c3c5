import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { testLog } from '#harness/database.ts';
import { startFaultProxy } from '#harness/faults/fault-proxy.ts';
import {
  asReplica,
  assertLedger,
  balanceOf,
  decidedOf,
  startBillingTestBed,
} from '#harness/system/billing.ts';
import { commonProblems } from '#platform/errors.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { decideAtOnce, type NewPayment } from './decide-at-once-store.ts';
import { createDecider } from './decider.ts';

const payment = (amount: number, changes: Partial<NewPayment> = {}): NewPayment => ({
  orderId: randomUUID(),
  customerId: 'anna',
  amount,
  currency: 'RUB',
  operationId: randomUUID(),
  ...changes,
});

const wish = (amount: number, customerId = 'anna') => ({
  kind: 'pay' as const,
  orderId: randomUUID(),
  customerId,
  amount,
  currency: 'RUB',
});

test('I4: usual payments are decided in one statement, as the transaction would', async (t) => {
  const billing = await startBillingTestBed(t);
  await billing.topUp(1_000);
  await billing.topUp(99, 'boris');
  const [exact, more] = [payment(1_000), payment(100, { customerId: 'boris' })];
  const decided = await decideAtOnce(billing.database, [exact, more]);
  const paid = decided.get(exact.orderId);
  assert.deepEqual(paid?.payment, {
    orderId: exact.orderId,
    customerId: 'anna',
    amount: 1_000,
    currency: 'RUB',
    decision: 'captured',
    operationId: exact.operationId,
    balanceSeen: 1_000,
  });
  const { createdAt, ...charge } = paid?.charge ?? assert.fail('no charge');
  assert.deepEqual(charge, {
    id: exact.operationId,
    number: 2,
    type: 'charge',
    amount: { amount: -1_000, currency: 'RUB' },
    balanceAfter: { amount: 0, currency: 'RUB' },
    orderId: exact.orderId,
  });
  const { rows } = await billing.database.query('select created_at from operations where id = $1', [
    exact.operationId,
  ]);
  assert.equal(createdAt, rows[0].created_at.toISOString());
  const declined = decided.get(more.orderId);
  assert.deepEqual(
    [declined?.payment.decision, declined?.payment.balanceSeen, declined?.charge],
    ['declined', 99, null],
  );
  assert.deepEqual([await balanceOf(billing), await balanceOf(billing, 'boris')], [0, 99]);
  await assertLedger(billing);
});

test('what is unusual is left to the transaction, and not waited for', async (t) => {
  const billing = await startBillingTestBed(t);
  for (const customer of ['anna', 'boris', 'locked']) await billing.topUp(1_000, customer);
  const before = await billing.pay(randomUUID(), 10);
  const { orderId } = before.payment;
  await billing.database.transaction(async (tx) => {
    await tx.query("select from wallets where customer_id = 'locked' for update");
    const left = [
      payment(10, { orderId }),
      payment(10, { customerId: 'locked' }),
      payment(10, { customerId: 'nobody yet' }),
      payment(10, { customerId: 'boris', currency: 'EUR' }),
    ];
    assert.deepEqual(await decideAtOnce(billing.database, left), new Map());
  });
  assert.equal(await billing.count('payments'), 1);
  // The order has a decision, but under another customer: a unique key breaks, or nothing is done.
  const foreign = payment(10, { orderId, customerId: 'boris' });
  assert.deepEqual(await decideAtOnce(billing.database, [foreign]), new Map());
  await assertLedger(billing);
});

test('I1: of one order that two replicas decide at once, one decision is made', async (t) => {
  const billing = await startBillingTestBed(t);
  await billing.topUp(1_000);
  for (let round = 0; round < 20; round++) {
    const one = wish(10);
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => asReplica(billing.database, [one])),
    );
    const decided = decidedOf(answers.flat());
    assert.equal(decided.filter(({ fresh }) => fresh).length, 1);
    assert.equal(new Set(decided.map((each) => each.payment.operationId)).size, 1);
  }
  assert.equal(await balanceOf(billing), 800);
  await assertLedger(billing);
});

test('I1, I4: replicas that decide the same batches at once agree on each order', async (t) => {
  const billing = await startBillingTestBed(t);
  const customers = ['anna', 'boris', 'vera'];
  for (const customer of customers) await billing.topUp(500, customer);
  for (let round = 0; round < 5; round++) {
    const orders = Array.from({ length: 24 }, (_, at) => wish(10 + at, customers[at % 3]));
    const answers = await Promise.all(
      [orders, orders.toReversed(), orders].map((batch) => asReplica(billing.database, batch)),
    );
    const decisions = new Map<string, Set<string>>();
    for (const { payment, fresh } of decidedOf(answers.flat())) {
      const known = decisions.get(payment.orderId) ?? new Set();
      decisions.set(payment.orderId, known.add(`${payment.decision} ${payment.operationId}`));
      if (fresh) known.add('fresh');
    }
    for (const found of decisions.values()) assert.equal(found.size, 2);
  }
  assert.equal(await billing.count('payments'), 5 * 24);
  await assertLedger(billing);
});

test('orders of one wallet are decided as they come, whichever way', async (t) => {
  const billing = await startBillingTestBed(t);
  await billing.topUp(100);
  await billing.topUp(1_000, 'boris');
  const decide = createDecider(billing.database, 'RUB');
  // The first is declined at once, the next ones need the transaction, and one comes meanwhile.
  const first = [wish(101), wish(60), wish(50, 'boris'), wish(40)].map(decide);
  await new Promise((resolve) => setImmediate(resolve));
  const later = [wish(1), wish(950, 'boris')].map(decide);
  const decided = decidedOf(await Promise.all([...first, ...later]));
  assert.deepEqual(
    decided.map((each) => each.payment.decision),
    ['declined', 'captured', 'captured', 'captured', 'declined', 'captured'],
  );
  await assertLedger(billing);
});

test('I1: a decision whose answer is lost is unknown; asking again reads it', async (t) => {
  const proxy = await startFaultProxy(t);
  const billing = await startBillingTestBed(t);
  proxy.target(billing.url);
  const beyond = new URL(billing.url);
  beyond.host = new URL(proxy.url).host;
  const options = { connectionsMax: 2, applicationName: 'behind a proxy', log: testLog };
  const database = createDatabase({ url: beyond.href, ...options });
  t.after(() => database.close());
  await billing.topUp(1_000);
  const decide = createDecider(database, 'RUB');
  for (const [amount, decision] of [
    [100, 'captured'],
    [5_000, 'declined'],
  ] as const) {
    const one = wish(amount);
    proxy.setFault({ kind: 'swallow-answers', requests: /decide-payments/, times: 1 });
    await assert.rejects(decide(one), { problem: commonProblems.unavailable });
    const [again] = decidedOf([await decide(one)]);
    assert.deepEqual([again?.payment.decision, again?.fresh], [decision, false]);
  }
  assert.equal(await balanceOf(billing), 900);
  await assertLedger(billing);
});
