import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { createTestDatabaseUrl, openDatabase, testLog } from '#harness/database.ts';
import { LEDGER_VIOLATIONS } from '#harness/oracle/ledger.ts';
import { startTestService } from '#harness/system/internal-service.ts';
import type { RunningService } from '#platform/service/internal-service.ts';
import { service as billingService, startBilling } from '../service.ts';
import { claimCurrency } from './currency.ts';

// Amounts are whole minor units: 999 is 9.99 RUB or 9.99 USD, as the currency stored with it says.

const usd = (amount: number) => ({ amount, currency: 'USD' });
const rub = (amount: number) => ({ amount, currency: 'RUB' });

async function startOne(t: TestContext) {
  const billing = await startTestService(t, billingService);
  const { call, database } = billing;
  return {
    ...billing,
    topUp: (amount: object, customerId = 'anna', idempotencyKey: string = randomUUID()) =>
      call('POST', `/wallets/${customerId}/top-ups`, { amount, idempotencyKey }),
    pay: (amount: object, customerId = 'anna', orderId: string = randomUUID()) =>
      call('PUT', `/payments/${orderId}`, { customerId, amount }),
    void: (orderId: string, amount: object) =>
      call('PUT', `/payments/${orderId}/void`, { customerId: 'anna', amount }),
    decision: async (orderId: string) => (await call('GET', `/payments/${orderId}`)).body,
    balance: async (customerId = 'anna') =>
      (await call('GET', `/wallets/${customerId}`)).body.balance,
    /** As if CURRENCY had been changed over these wallets before it was checked. */
    toUsd: (customerId = 'anna') =>
      database.query(`update wallets set currency = 'USD' where customer_id = $1`, [customerId]),
  };
}

/** A database for more than one start of billing; what started ends with the test. */
async function databaseOf(t: TestContext) {
  const started: RunningService[] = [];
  const url = await createTestDatabaseUrl(t, async () => {
    for (const service of started) await service.close();
    await database.close();
  });
  const database = openDatabase(url, 2);
  return {
    database,
    async start(currency: string): Promise<void> {
      const config = {
        BILLING_DATABASE_URL: url,
        BILLING_DATABASE_CONNECTIONS: 4,
        MIGRATE_ON_START: true,
        DATABASE_POOLER: 'none',
        CURRENCY: currency,
        SERVICE_PUBLIC_KEYS: '{"keys":[]}',
        LISTEN_ADDRESS: '127.0.0.1',
        PORT: 0,
        STOP_DELAY_MS: 0,
        LOG_REQUESTS: false,
      };
      started.push(await startBilling(config, testLog));
    },
  };
}

test('billing does not start with another CURRENCY than its wallets have; one line says what it found', async (t) => {
  const { database, start } = await databaseOf(t);
  await start('RUB');
  await database.query(
    `insert into wallets (customer_id, currency) values ('a', 'RUB'), ('b', 'RUB'), ('c', 'RUB')`,
  );
  await database.query(
    `insert into payments (order_id, customer_id, amount, currency, decision, balance_seen)
      select gen_random_uuid(), 'a', 1, 'RUB', 'voided', 0 from generate_series(1, 2)`,
  );
  await assert.rejects(start('USD'), {
    name: 'ConfigError',
    message:
      "billing cannot start: CURRENCY is USD, but this database's wallets are kept in RUB " +
      '(3 wallets, 2 decided payments). Set CURRENCY=RUB, or use an empty database',
  });
  await start('RUB');
});

test('of two replicas with different currencies on an empty database one starts', async (t) => {
  for (let round = 0; round < 5; round++) {
    const { database, start } = await databaseOf(t);
    const starts = await Promise.allSettled([start('RUB'), start('USD')]);
    const { rows } = await database.query('select currency from wallet_currency');
    const expected = rows[0].currency === 'RUB' ? [true, false] : [false, true];
    assert.equal(rows.length, 1);
    assert.deepEqual(
      starts.map(({ status }) => status === 'fulfilled'),
      expected,
    );
  }
});

test('the first claim holds, however many are made at once', async (t) => {
  const { database, start } = await databaseOf(t);
  await start('EUR');
  await database.query('delete from wallet_currency');
  const claims = await Promise.allSettled(
    ['RUB', 'USD', 'EUR', 'RUB', 'USD'].map((currency) => claimCurrency(database, currency)),
  );
  const { rows } = await database.query('select currency from wallet_currency');
  const held = claims.filter(({ status }) => status === 'fulfilled').length;
  assert.equal(held, rows[0].currency === 'EUR' ? 1 : 2);
});

test('a database of an older version has the currency of its wallets, in most of them', async (t) => {
  const { database, start } = await databaseOf(t);
  const sql = await readFile(new URL('../migrations/0001-wallets.sql', import.meta.url), 'utf8');
  await database.query(sql);
  await database.query(
    `create table migrations (name text primary key, applied_at timestamptz not null default now())`,
  );
  await database.query(`insert into migrations (name) values ('0001-wallets.sql')`);
  await database.query(
    `insert into wallets (customer_id, currency, balance, operation_count)
      values ('a', 'RUB', 999, 1), ('b', 'RUB', 0, 0), ('c', 'USD', 0, 0)`,
  );
  await database.query(
    `insert into operations (id, customer_id, number, type, amount, currency, balance_after,
      idempotency_key) values (gen_random_uuid(), 'a', 1, 'top_up', 999, 'RUB', 999, 'k')`,
  );
  await assert.rejects(start('USD'), /kept in RUB \(3 wallets, 0 decided payments\)/);
  await start('RUB');
  assert.deepEqual((await database.query(LEDGER_VIOLATIONS)).rows, []);
});

test('a wallet in another currency than the setting is shown, charged and filled in its own', async (t) => {
  const billing = await startOne(t);
  await billing.topUp(rub(999));
  await billing.toUsd();
  assert.deepEqual(await billing.balance(), usd(999));
  assert.deepEqual(await billing.balance('new'), rub(0));
  for (const answer of [await billing.topUp(rub(1)), await billing.pay(rub(1))]) {
    const [{ pointer, rule, expected }] = answer.body.errors;
    assert.deepEqual(
      [answer.status, pointer, rule, expected],
      [400, '/amount/currency', 'const', 'USD'],
    );
  }
  assert.deepEqual((await billing.topUp(usd(1))).body.balanceAfter, usd(1_000));
  const paid = await billing.pay(usd(1_000));
  assert.deepEqual([paid.status, paid.body.operation.amount], [201, usd(-1_000)]);
  const declined = await billing.pay(usd(5));
  assert.deepEqual(
    [declined.status, declined.body.balance, declined.body.required, declined.body.shortfall],
    [406, usd(0), usd(5), usd(5)],
  );
  assert.deepEqual(await billing.balance(), usd(0));
});

test('I3: an order in any currency can be voided, and its decision is shown in its own', async (t) => {
  const billing = await startOne(t);
  await billing.topUp(rub(999));
  const orderId = randomUUID();
  assert.equal((await billing.pay(usd(500), 'anna', orderId)).status, 400);
  const voided = await billing.void(orderId, usd(500));
  assert.deepEqual(
    [voided.status, voided.body],
    [200, { orderId, decision: 'voided', operationId: null }],
  );
  const { amount, balanceSeen } = await billing.decision(orderId);
  // The wallet holds 9.99 RUB, and nothing in the order's currency.
  assert.deepEqual([amount, balanceSeen], [usd(500), usd(0)]);
  assert.equal((await billing.pay(usd(500), 'anna', orderId)).status, 409);
  // The same number in another currency is another payment.
  for (const answer of [
    await billing.pay(rub(500), 'anna', orderId),
    await billing.void(orderId, rub(500)),
  ]) {
    assert.deepEqual([answer.status, answer.body.code], [422, 'payment-mismatch']);
  }
  assert.deepEqual(await billing.balance(), rub(999));
});

test('repetitions of before answer what they answered, also where the wallet changed since', async (t) => {
  const billing = await startOne(t);
  const topUp = await billing.topUp(rub(999), 'anna', 'k');
  const orderId = randomUUID();
  const paid = await billing.pay(rub(100), 'anna', orderId);
  await billing.toUsd();
  const again = await billing.topUp(rub(999), 'anna', 'k');
  assert.deepEqual([again.status, again.body], [201, topUp.body]);
  const repaid = await billing.pay(rub(100), 'anna', orderId);
  assert.deepEqual([repaid.status, repaid.body], [200, paid.body]);
  const other = await billing.topUp(usd(999), 'anna', 'k');
  assert.deepEqual([other.status, other.body.code], [422, 'idempotency-key-reused']);
  const operations = (await billing.call('GET', '/wallets/anna/operations')).body.data;
  assert.deepEqual(
    operations.map(({ amount, balanceAfter }: Record<string, object>) => [amount, balanceAfter]),
    [
      [rub(-100), rub(899)],
      [rub(999), rub(999)],
    ],
  );
  const audit = await billing.call('GET', '/audit/wallets?limit=10');
  assert.equal(audit.body.faults[0].detail, 'operation 1 is in another currency');
});

test('a charge in another currency does not disturb those that are decided with it', async (t) => {
  const billing = await startOne(t);
  await billing.topUp(rub(1_000));
  const amounts = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? rub(10) : usd(10)));
  const answers = await Promise.all(amounts.map((amount) => billing.pay(amount)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    amounts.map(({ currency }) => (currency === 'RUB' ? 201 : 400)),
  );
  assert.deepEqual(await billing.balance(), rub(900));
  assert.deepEqual((await billing.database.query(LEDGER_VIOLATIONS)).rows, []);
});
