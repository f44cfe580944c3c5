import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { testLog } from '#harness/database.ts';
import {
  assertLedger,
  type BillingTestBed,
  balanceOf,
  persistently,
  startBillingTestBed as start,
} from '#harness/system/billing.ts';
import { commonProblems } from '#platform/errors.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import {
  type DecidePaymentDeps,
  type DecisionStore,
  decidePayments,
  type PaymentCommand,
} from './decide-payment.ts';
import { recordDecisions } from './decision-store.ts';
import * as payments from './payment-store.ts';
import * as store from './store.ts';

const STEPS = ['lockWallets', 'findPayments'] as const;

/** The transaction of `ledgerIn`, whose backend is killed after the given step. */
function dyingAfter({ database }: BillingTestBed, step: keyof DecisionStore): DecidePaymentDeps {
  return {
    transaction: (work) =>
      database.transaction((tx) => {
        const die = async <T>(name: keyof DecisionStore, result: Promise<T>): Promise<T> => {
          const value = await result;
          if (name === step) {
            await tx.query('select pg_terminate_backend(pg_backend_pid())').catch(() => {});
          }
          return value;
        };
        return work({
          lockWallets: (ids) => die('lockWallets', store.lockWallets(tx, ids, 'RUB')),
          findPayments: (ids) => die('findPayments', payments.findPayments(tx, ids)),
          recordDecisions: (changes) => recordDecisions(tx, changes),
        });
      }),
  };
}

for (const step of STEPS) {
  test(`I4: a backend that dies after ${step} leaves no half decision`, async (t) => {
    const billing = await start(t);
    await billing.topUp(1_000);
    const wish: PaymentCommand = {
      kind: 'pay',
      orderId: randomUUID(),
      customerId: 'anna',
      amount: 100,
      currency: 'RUB',
    };
    await assert.rejects(decidePayments(dyingAfter(billing, step), [wish]), {
      problem: commonProblems.unavailable,
    });
    assert.equal(await billing.count('payments'), 0);
    assert.equal(await billing.count("operations where type = 'charge'"), 0);
    assert.equal(await balanceOf(billing), 1_000);
    assert.equal((await billing.pay(wish.orderId, 100)).payment.decision, 'captured');
    await assertLedger(billing);
  });
}

for (const [when, timing] of [
  ['in the middle of the statement that writes a decision', 'immediate'],
  ['between that statement and COMMIT', 'deferred'],
] as const) {
  test(`I4: a backend that dies ${when} leaves no half decision`, async (t) => {
    const billing = await start(t);
    await billing.topUp(1_000);
    await billing.database.query(`create function die() returns trigger language plpgsql as
      'begin perform pg_terminate_backend(pg_backend_pid()); return null; end'`);
    await billing.database.query(`create constraint trigger dies after insert on payments
      deferrable initially ${timing} for each row execute function die()`);
    const orderId = randomUUID();
    await assert.rejects(billing.pay(orderId, 100), { problem: commonProblems.unavailable });
    await billing.database.query('drop trigger dies on payments');
    assert.equal(await billing.count('payments'), 0);
    assert.equal(await billing.count("operations where type = 'charge'"), 0);
    assert.equal(await balanceOf(billing), 1_000);
    assert.equal((await billing.pay(orderId, 100)).payment.decision, 'captured');
    await assertLedger(billing);
  });
}

test('I1, I2, I4: backends killed at random moments change no decision and lose no unit', async (t) => {
  const billing = await start(t);
  await billing.topUp(5_000);
  const killer = createDatabase({
    url: billing.url,
    connectionsMax: 1,
    applicationName: 'killer',
    log: testLog,
  });
  t.after(() => killer.close());
  const orders = Array.from({ length: 100 }, () => randomUUID());
  const running = Promise.all(
    orders.map((orderId) =>
      Promise.all(
        (['pay', 'void', 'pay'] as const).map((kind) =>
          persistently(() => billing.pay(orderId, 100, { kind })),
        ),
      ),
    ),
  );
  // Enough kills to hit every moment. Without a limit hardly any transaction would succeed.
  for (let kills = 0; kills < 40; ) {
    const { rowCount } = await killer.query(`select pg_terminate_backend(pid)
      from pg_stat_activity
      where datname = current_database() and application_name = 'test' and state <> 'idle'
      order by random() limit 1`);
    kills += rowCount ?? 0;
    if (await Promise.race([running.then(() => true), false])) break;
  }
  for (const decided of await running) {
    const [first, ...others] = decided.map(({ payment }) => payment);
    for (const other of others) assert.deepEqual(other, first);
  }
  const captured = await billing.count("payments where decision = 'captured'");
  assert.equal(await balanceOf(billing), 5_000 - 100 * captured);
  assert.equal(await billing.count('payments'), 100);
  await assertLedger(billing);
});
