import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { assertLedger, balanceOf, startBillingTestBed } from '#harness/system/billing.ts';
import { startTestService } from '#harness/system/internal-service.ts';
import { rub } from '#harness/system/system.ts';
import { auditPayments } from '../operations/audit-store.ts';
import { service as billingService } from '../service.ts';
import { type ReversalRequest, reverseOperation } from './reverse-operation.ts';
import * as store from './store.ts';
import { ledgerIn } from './transactions.ts';

async function start(t: TestContext) {
  const billing = await startTestService(t, billingService);
  const { call } = billing;
  return {
    ...billing,
    topUp: async (amount: number, customerId = 'anna') => {
      const body = { amount: rub(amount), idempotencyKey: randomUUID() };
      return (await call('POST', `/wallets/${customerId}/top-ups`, body)).body;
    },
    pay: (amount: number) =>
      call('PUT', `/payments/${randomUUID()}`, { customerId: 'anna', amount: rub(amount) }),
    reverse: (operationId: string, changes: { customerId?: string; reason?: string } = {}) => {
      const { customerId = 'anna', reason = 'entered twice' } = changes;
      const path = `/wallets/${customerId}/operations/${operationId}/reversal`;
      return call('POST', path, { reason, madeBy: 'olga' });
    },
    balance: async () => (await call('GET', '/wallets/anna')).body.balance,
    operations: async () => (await call('GET', '/wallets/anna/operations')).body.data,
    audit: async () => (await call('GET', '/audit/wallets?limit=100')).body.faults,
  };
}

test('a top-up is undone by a linked operation that says why and who did it', async (t) => {
  const billing = await start(t);
  await billing.topUp(300);
  const topUp = await billing.topUp(500);
  const { status, body } = await billing.reverse(topUp.id);
  const { id, createdAt, number, ...reversal } = body;
  assert.equal(status, 201);
  assert.deepEqual(reversal, {
    type: 'reversal',
    amount: rub(-500),
    balanceAfter: rub(300),
    orderId: null,
    reversesOperationId: topUp.id,
    reason: 'entered twice',
    madeBy: 'olga',
  });
  const operations = await billing.operations();
  assert.deepEqual(operations.slice(0, 2), [body, topUp]);
  assert.deepEqual(await billing.balance(), rub(300));
  assert.deepEqual(Object.keys(topUp).sort(), [
    'amount',
    'balanceAfter',
    'createdAt',
    'id',
    'orderId',
    'type',
  ]);
  await assertLedger(billing);
  assert.deepEqual(await billing.audit(), []);
});

test('a repetition answers the same reversal, even with another reason', async (t) => {
  const billing = await start(t);
  const topUp = await billing.topUp(500);
  const first = await billing.reverse(topUp.id);
  // The wallet holds nothing any more, and the id is the same in capitals.
  const again = await billing.reverse(topUp.id.toUpperCase(), { reason: 'another one' });
  assert.deepEqual([again.status, again.body], [201, first.body]);
  assert.equal((await billing.operations()).length, 2);
});

test('twenty reversals of one top-up at once make one operation', async (t) => {
  const billing = await start(t);
  const topUp = await billing.topUp(500);
  await billing.topUp(10_000);
  const answers = await Promise.all(Array.from({ length: 20 }, () => billing.reverse(topUp.id)));
  for (const { status, body } of answers) {
    assert.deepEqual([status, body], [201, answers[0]?.body]);
  }
  assert.deepEqual(await billing.balance(), rub(10_000));
  await assertLedger(billing);
});

test('I4: a reversal never takes more than the wallet holds; it names both sums', async (t) => {
  const billing = await start(t);
  const topUp = await billing.topUp(500);
  await billing.pay(1);
  const refused = await billing.reverse(topUp.id);
  assert.deepEqual(
    [refused.status, refused.body.code, refused.body.balance, refused.body.amount],
    [409, 'reversal-exceeds-balance', rub(499), rub(500)],
  );
  assert.equal((await billing.operations()).length, 2);
  assert.deepEqual(await billing.balance(), rub(499));
  await billing.topUp(1);
  assert.equal((await billing.reverse(topUp.id)).status, 201);
  assert.deepEqual(await billing.balance(), rub(0));
  await assertLedger(billing);
});

test('what is no top-up of this wallet is refused, and nothing is stored', async (t) => {
  const billing = await start(t);
  const topUp = await billing.topUp(500);
  await billing.topUp(700, 'boris');
  const charge = (await billing.pay(100)).body.operation;
  const small = await billing.topUp(50);
  const reversal = (await billing.reverse(small.id)).body;
  for (const [operationId, changes, status, code] of [
    [charge.id, {}, 409, 'not-reversible'],
    [reversal.id, {}, 409, 'not-reversible'],
    [topUp.id, { customerId: 'boris' }, 404, 'not-found'],
    [topUp.id, { customerId: 'nobody' }, 404, 'not-found'],
    [randomUUID(), {}, 404, 'not-found'],
    ['no-uuid', {}, 400, 'invalid-request'],
    [topUp.id, { reason: '' }, 400, 'invalid-request'],
    [topUp.id, { reason: ' \u00a0' }, 400, 'invalid-request'],
    [topUp.id, { reason: '\u200b\u2060\u3164' }, 400, 'invalid-request'],
    [topUp.id, { reason: 'two\nlines' }, 400, 'invalid-request'],
    [topUp.id, { reason: 'x'.repeat(201) }, 400, 'invalid-request'],
  ] as const) {
    const answer = await billing.reverse(operationId, changes);
    assert.deepEqual([answer.status, answer.body.code], [status, code], operationId);
  }
  const { rows } = await billing.database.query(
    `select customer_id, balance::int from wallets order by customer_id`,
  );
  assert.deepEqual(
    rows.map(({ customer_id, balance }) => [customer_id, balance]),
    [
      ['anna', 400],
      ['boris', 700],
    ],
  );
});

test('a repair can give the charge of an order back, once', async (t) => {
  const billing = await startBillingTestBed(t);
  await billing.topUp(1_000);
  const orderId = randomUUID();
  const { payment } = await billing.pay(orderId, 600);
  const request: ReversalRequest = {
    customerId: 'anna',
    operationId: payment.operationId as string,
    type: 'charge',
    reason: 'the order is lost',
    madeBy: 'olga',
  };
  const deps = ledgerIn(billing.database, 'RUB');
  const { operation: reversal, replayed } = await reverseOperation(deps, request);
  assert.equal(replayed, false);
  assert.deepEqual(
    [reversal.type, reversal.amount, reversal.orderId, reversal.reversesOperationId],
    ['reversal', rub(600), null, payment.operationId],
  );
  assert.deepEqual(await reverseOperation(deps, { ...request, reason: 'again' }), {
    operation: reversal,
    replayed: true,
  });
  assert.equal(await balanceOf(billing), 1_000);
  await assertLedger(billing);
  // The decision remains valid: the order is never charged a second time.
  assert.deepEqual((await billing.pay(orderId, 600)).payment, payment);
  const [audited] = await auditPayments(billing.database, bounds);
  assert.deepEqual([audited?.charge?.id, audited?.reversalId], [payment.operationId, reversal.id]);
});

const bounds = { limit: 10 };

test('the database itself refuses a second reversal and one without its reason', async (t) => {
  const billing = await startBillingTestBed(t);
  await billing.topUp(1_000);
  const [topUp] = await store.listOperations(billing.database, {
    customerId: 'anna',
    before: null,
    limit: 1,
  });
  const insert = (changes: Partial<store.ReversalRow>) =>
    store.insertReversal(billing.database, {
      id: randomUUID(),
      customerId: 'anna',
      number: 2,
      amount: -1_000,
      currency: 'RUB',
      balanceAfter: 0,
      idempotencyKey: `reversal/${topUp?.id}`,
      reversesOperationId: topUp?.id as string,
      reason: 'wrong',
      madeBy: 'olga',
      ...changes,
    });
  const missing = null as unknown as string;
  await assert.rejects(insert({ reason: missing }), { code: '23514' });
  await assert.rejects(insert({ madeBy: missing }), { code: '23514' });
  await assert.rejects(insert({ reversesOperationId: missing }), { code: '23514' });
  await assert.rejects(insert({ idempotencyKey: missing }), { code: '23514' });
  await assert.rejects(insert({ amount: 0 }), { code: '23514' });
  await assert.rejects(insert({ reversesOperationId: randomUUID() }), { code: '23503' });
  await insert({});
  await assert.rejects(insert({ number: 3 }), { code: '23505' });
});
