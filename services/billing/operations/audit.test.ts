import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { AuditedPayment } from '#contracts/billing.ts';
import { LEDGER_VIOLATIONS } from '#harness/oracle/ledger.ts';
import { startTestService, type TestService } from '#harness/system/internal-service.ts';
import { rub } from '#harness/system/system.ts';
import { service as billingService } from '../service.ts';

/** Billing with what tests ask of it. */
async function start(t: TestContext) {
  const service = await startTestService(t, billingService);
  const get = async (path: string) => {
    const { status, body } = await service.call('GET', path);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  return {
    ...service,
    topUp: (customerId: string, amount: number) =>
      service.call('POST', `/wallets/${customerId}/top-ups`, {
        amount: rub(amount),
        idempotencyKey: randomUUID(),
      }),
    pay: (orderId: string, amount: number, customerId = 'anna') =>
      service.call('PUT', `/payments/${orderId}`, { customerId, amount: rub(amount) }),
    void: (orderId: string, amount: number, customerId = 'anna') =>
      service.call('PUT', `/payments/${orderId}/void`, { customerId, amount: rub(amount) }),
    wallets: (query = 'limit=500') => get(`/audit/wallets?${query}`),
    payments: async (query = 'limit=500'): Promise<AuditedPayment[]> =>
      (await get(`/audit/payments?${query}`)).data,
  };
}

const idOf = (number: number) => `00000000-0000-7000-8000-00000000000${number}`;

test('the audit lists decisions with their charges, within the bounds', async (t) => {
  const billing = await start(t);
  await billing.topUp('anna', 500);
  await billing.pay(idOf(1), 300);
  await billing.pay(idOf(2), 300);
  await billing.void(idOf(3), 300);
  const { rows } = await billing.database.query(`select id from operations where type = 'charge'`);
  const common = { customerId: 'anna', amount: rub(300) };
  const none = { operationId: null, charge: null, reversalId: null, settled: null };
  assert.deepEqual(await billing.payments(), [
    {
      ...common,
      orderId: idOf(1),
      decision: 'captured',
      operationId: rows[0].id,
      charge: { id: rows[0].id, customerId: 'anna', amount: rub(-300) },
      reversalId: null,
      settled: null,
    },
    { ...common, ...none, orderId: idOf(2), decision: 'declined' },
    { ...common, ...none, orderId: idOf(3), decision: 'voided' },
  ]);
  for (const [query, expected] of [
    ['limit=2', [1, 2]],
    [`limit=2&after=${idOf(1)}`, [2, 3]],
    [`limit=5&after=${idOf(1)}&through=${idOf(2)}`, [2]],
    [`limit=5&through=${idOf(2)}`, [1, 2]],
    [`limit=5&after=${idOf(3)}`, []],
  ] as [string, number[]][]) {
    const data = await billing.payments(query);
    assert.deepEqual(
      data.map(({ orderId }) => orderId),
      expected.map(idOf),
      query,
    );
  }
});

test('a charge is listed by the order that it names, also without a captured decision', async (t) => {
  const billing = await start(t);
  await billing.topUp('anna', 500);
  await billing.pay(idOf(1), 300);
  await billing.void(idOf(2), 300);
  await billing.database.query('update operations set order_id = $1 where amount < 0', [idOf(2)]);
  const [captured, voided] = await billing.payments();
  assert.deepEqual([captured?.decision, captured?.charge], ['captured', null]);
  assert.deepEqual([voided?.decision, voided?.charge?.amount], ['voided', rub(-300)]);
});

/** Corruptions of the wallet of anna, who topped up 500 and 100 and paid 200. */
const faults: [name: string, detail: RegExp, change: string[]][] = [
  [
    'balance',
    /^the balance is 401, the sum of the operations is 400$/,
    ['update wallets set balance = 401'],
  ],
  [
    'negative',
    /^the balance -1 is negative; the balance is -1, the sum of the operations is 400$/,
    [
      'alter table wallets drop constraint wallets_balance_check',
      'update wallets set balance = -1',
    ],
  ],
  [
    'amount',
    /^the balance is 400, the sum of the operations is 399; the balance after operation 2 does not/,
    ['update operations set amount = -201 where number = 2'],
  ],
  [
    'chain',
    /^the balance after operation 1 does not follow from the one before it$/,
    ['update operations set balance_after = 499 where number = 1'],
  ],
  [
    'chain of the last',
    /^the balance after operation 3 does not follow/,
    ['update operations set balance_after = 1 where number = 3'],
  ],
  [
    'count',
    /^the wallet counts 4 operations, there are 3$/,
    ['update wallets set operation_count = 4'],
  ],
  [
    'gap',
    /^operation 4 does not follow the number/,
    ['update operations set number = 4 where number = 3'],
  ],
  [
    'lost operation',
    /^the balance is 400, .* is -100; the wallet counts 3 .* are 2; operation 2 .*; .* operation 2 /,
    ['delete from operations where number = 1'],
  ],
  [
    'currency',
    /^operation 2 is in another currency$/,
    [`update operations set currency = 'USD' where number = 2`],
  ],
];

for (const [name, detail, change] of faults) {
  test(`I4: a wallet that its operations contradict is a fault: ${name}`, async (t) => {
    const billing = await start(t);
    await billing.topUp('anna', 500);
    await billing.pay(idOf(1), 200);
    await billing.topUp('anna', 100);
    assert.deepEqual(await billing.wallets(), { checked: 1, faults: [], last: null });
    assert.deepEqual((await billing.database.query(LEDGER_VIOLATIONS)).rows, []);
    for (const statement of change) await billing.database.query(statement);
    const found = await billing.wallets();
    assert.deepEqual([found.checked, found.faults.length, found.faults[0]?.id], [1, 1, 'anna']);
    assert.match(found.faults[0].detail, detail);
  });
}

test('an unused wallet, and one whose operations are gone', async (t) => {
  const billing = await start(t);
  await billing.pay(idOf(1), 200);
  assert.deepEqual(await billing.wallets(), { checked: 1, faults: [], last: null });
  await billing.topUp('anna', 500);
  await billing.database.query('delete from operations');
  const { faults: found } = await billing.wallets();
  assert.match(
    found[0].detail,
    /the balance is 500, the sum of the operations is 0; .*there are 0/,
  );
});

test('pages of wallets follow each other without a gap', async (t) => {
  const billing = await start(t);
  for (const customer of ['a|1', 'B', 'c', 'D', 'e']) await billing.topUp(customer, 100);
  await billing.database.query(`update wallets set balance = 1 where customer_id in ('B', 'e')`);
  assert.equal(await pages(billing, 2), '2 2 1, B e');
  assert.equal(await pages(billing, 5), '5, B e');
  // A page ends before the wallets whose operations would make the statement too long.
  await billing.database.query('update wallets set operation_count = 600000');
  assert.match(await pages(billing, 5), /^2 2 1, /);
});

/** How many wallets each page had, and whose were at fault. */
async function pages({ call }: TestService, limit: number): Promise<string> {
  const checked: number[] = [];
  const found = new Set<string>();
  let after = '';
  for (;;) {
    const query = `limit=${limit}${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`;
    const { body } = await call('GET', `/audit/wallets?${query}`);
    checked.push(body.checked);
    for (const { id } of body.faults) found.add(id);
    if (body.last === null) break;
    after = body.last;
  }
  assert.equal(
    checked.reduce((sum, count) => sum + count, 0),
    5,
  );
  return `${checked.join(' ')}, ${[...found].join(' ')}`;
}
