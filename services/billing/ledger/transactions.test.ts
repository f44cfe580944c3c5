import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openDatabase } from '#harness/database.ts';
import {
  assertLedger,
  balanceOf,
  persistently,
  startBillingTestBed as start,
} from '#harness/system/billing.ts';
import { decidePayments, type PaymentCommand } from './decide-payment.ts';
import { recordDecisions } from './decision-store.ts';
import type { PaymentRow } from './payment-store.ts';
import * as store from './store.ts';
import { ledgerIn } from './transactions.ts';

test('I1: fifty calls for one order at once charge it once and get the same answer', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000);
  const orderId = randomUUID();
  const decided = await Promise.all(Array.from({ length: 50 }, () => billing.pay(orderId, 100)));
  assert.equal(decided.filter(({ fresh }) => fresh).length, 1);
  assert.equal(new Set(decided.map(({ payment }) => payment.operationId)).size, 1);
  assert.equal(await balanceOf(billing), 900);
  assert.equal(await billing.count("operations where type = 'charge'"), 1);
  await assertLedger(billing);
});

test('I1, I2: when pay and void race, all callers learn one decision and the wallet agrees', async (t) => {
  const billing = await start(t);
  await billing.topUp(100_000);
  let captured = 0;
  for (let round = 0; round < 30; round++) {
    const orderId = randomUUID();
    const kinds = round % 2 === 0 ? ['pay', 'void', 'pay'] : ['void', 'pay', 'void'];
    const decided = await Promise.all(
      kinds.map((kind) => billing.pay(orderId, 100, { kind: kind as 'pay' | 'void' })),
    );
    const [decision, ...others] = new Set(decided.map(({ payment }) => payment.decision));
    assert.deepEqual(others, []);
    assert.equal(decided.filter(({ fresh }) => fresh).length, 1);
    if (decision === 'captured') captured++;
    else assert.equal(decision, 'voided');
    assert.equal(await balanceOf(billing), 100_000 - 100 * captured);
  }
  await assertLedger(billing);
});

test('I4: fifty orders at once on a wallet for ten: ten captured, forty declined, nothing left', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000);
  const decided = await Promise.all(
    Array.from({ length: 50 }, () => billing.pay(randomUUID(), 100)),
  );
  const captured = decided.filter(({ payment }) => payment.decision === 'captured');
  assert.equal(captured.length, 10);
  assert.equal(decided.filter(({ payment }) => payment.decision === 'declined').length, 40);
  assert.equal(await balanceOf(billing), 0);
  const { rows } = await billing.database.query(
    'select number::int, amount::int, balance_after::int from operations order by number',
  );
  assert.deepEqual(
    rows,
    Array.from({ length: 11 }, (_, i) => ({
      number: i + 1,
      amount: i === 0 ? 1_000 : -100,
      balance_after: 1_000 - 100 * i,
    })),
  );
  await assertLedger(billing);
});

test('the exact balance pays; one unit more is declined, also after a top-up', async (t) => {
  const billing = await start(t);
  await billing.topUp(500);
  const tooDear = randomUUID();
  const declined = await billing.pay(tooDear, 501);
  assert.deepEqual([declined.payment.decision, declined.payment.balanceSeen], ['declined', 500]);
  assert.equal((await billing.pay(randomUUID(), 500)).payment.decision, 'captured');
  await billing.topUp(1_000);
  assert.deepEqual(await billing.pay(tooDear, 501), {
    payment: declined.payment,
    fresh: false,
    charge: null,
  });
  assert.equal(await balanceOf(billing), 1_000);
  await assertLedger(billing);
});

test('batches that name the same wallets in opposite order all end', async (t) => {
  const billing = await start(t);
  // Half of them have no wallet row yet, so that making the rows is raced too.
  const customers = Array.from({ length: 8 }, (_, i) => `customer-${i}`);
  for (const customer of customers.slice(0, 4)) await billing.topUp(100_000, customer);
  const batch = (ids: string[]): PaymentCommand[] =>
    ids.map((customerId) => ({
      kind: 'pay',
      orderId: randomUUID(),
      customerId,
      amount: 100,
      currency: 'RUB',
    }));
  const decided = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      billing.decide(batch(i % 2 === 0 ? customers : customers.toReversed())),
    ),
  );
  assert.equal(decided.flat().filter(({ payment }) => payment.decision === 'captured').length, 160);
  for (const [i, customer] of customers.entries()) {
    assert.equal(await balanceOf(billing, customer), i < 4 ? 96_000 : 0);
  }
  await assertLedger(billing);
});

test('batches that name the same orders in opposite order for other customers all end', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000, 'anna');
  await billing.topUp(1_000, 'boris');
  const ids = Array.from({ length: 6 }, () => randomUUID());
  const batch = (customerId: string, orderIds: string[]): PaymentCommand[] =>
    orderIds.map((orderId) => ({
      kind: 'pay',
      orderId,
      customerId,
      amount: 100,
      currency: 'RUB',
    }));
  const [annas, boriss] = await Promise.all([
    persistently(() => billing.decide(batch('anna', ids))),
    persistently(() => billing.decide(batch('boris', ids.toReversed()))),
  ]);
  assert.deepEqual(
    annas.map(({ payment }) => payment),
    boriss.map(({ payment }) => payment).toReversed(),
  );
  assert.equal((await balanceOf(billing, 'anna')) + (await balanceOf(billing, 'boris')), 1_400);
  await assertLedger(billing);
});

test('an order asked for two customers at once belongs to one; the other gets the mismatch', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000, 'anna');
  await billing.topUp(1_000, 'boris');
  for (let round = 0; round < 10; round++) {
    const orderId = randomUUID();
    const [one, other] = await Promise.all([
      billing.pay(orderId, 10, { customerId: 'anna' }),
      billing.pay(orderId, 20, { customerId: 'boris' }),
    ]);
    assert.deepEqual(one.payment, other.payment);
    assert.equal([one, other].filter(({ fresh }) => fresh).length, 1);
  }
  assert.equal(await billing.count("operations where type = 'charge'"), 10);
  await assertLedger(billing);
});

test('the database itself refuses a negative balance and a second decision', async (t) => {
  const billing = await start(t);
  await billing.topUp(100);
  const orderId = randomUUID();
  const { payment } = await billing.pay(orderId, 100);
  const record = (row: PaymentRow) =>
    recordDecisions(billing.database, { payments: [row], operations: [], wallets: [] });
  const refused = (work: Promise<unknown>, code: string) => assert.rejects(work, { code });
  await refused(
    billing.database.query("update wallets set balance = -1 where customer_id = 'anna'"),
    '23514',
  );
  await refused(
    store.updateWallets(billing.database, [
      {
        customerId: 'anna',
        currency: 'RUB',
        balance: 9_000_000_000_000_001,
        operationCount: 2,
      },
    ]),
    '23514',
  );
  await refused(record(payment), '23505');
  await refused(record({ ...payment, decision: 'voided', operationId: null }), '23505');
  // Captured exactly when there is an operation.
  const other = { ...payment, orderId: randomUUID() };
  await refused(record({ ...other, operationId: null }), '23514');
  await refused(record({ ...other, decision: 'declined', operationId: randomUUID() }), '23514');
  await assertLedger(billing);
});

test('the statements of a decision are planned a few times only', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000);
  // Prepared statements belong to their connection.
  const database = openDatabase(billing.url, 1);
  try {
    for (let order = 0; order < 10; order++) {
      await decidePayments(ledgerIn(database, 'RUB'), [
        { kind: 'pay', orderId: randomUUID(), customerId: 'anna', amount: 1, currency: 'RUB' },
      ]);
    }
    const { rows } = await database.query(
      'select name from pg_prepared_statements where generic_plans < 5 order by name',
    );
    assert.deepEqual(rows, []);
  } finally {
    await database.close();
  }
});
