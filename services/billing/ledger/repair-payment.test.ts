import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { LEDGER_VIOLATIONS } from '#harness/oracle/ledger.ts';
import { startTestService } from '#harness/system/internal-service.ts';
import { assertInternalProblem as assertProblem } from '#harness/system/raw-http.ts';
import { rub } from '#harness/system/system.ts';
import { service as billingService } from '../service.ts';

const AUTHOR = { reason: 'drill', madeBy: 'olga' };
const idOf = (number: number) => `00000000-0000-7000-8000-00000000000${number}`;
const OPERATION = '00000000-0000-7000-8000-0000000000ab';

/** Billing, and repairs of its payments. */
async function start(t: TestContext) {
  const service = await startTestService(t, billingService);
  const payment = { customerId: 'anna', amount: rub(300) };
  return {
    ...service,
    topUp: (amount: number) =>
      service.call('POST', '/wallets/anna/top-ups', {
        amount: rub(amount),
        idempotencyKey: randomUUID(),
      }),
    pay: (number: number) => service.call('PUT', `/payments/${idOf(number)}`, payment),
    decision: (number: number) => service.call('GET', `/payments/${idOf(number)}`),
    repair: (number: number, step: string, more: object = {}) =>
      service.call('POST', `/payments/${idOf(number)}/repair`, { step, ...more, ...AUTHOR }),
    chargeAgain: (number: number, changes: object = {}) =>
      service.call('POST', `/payments/${idOf(number)}/repair`, {
        step: 'charge-again',
        ...payment,
        operationId: OPERATION,
        ...AUTHOR,
        ...changes,
      }),
    record: (number: number, decision: string) =>
      service.call('POST', `/payments/${idOf(number)}/repair`, {
        step: 'record-decision',
        ...payment,
        decision,
        ...AUTHOR,
      }),
    payment,
    async balance() {
      return (await service.call('GET', '/wallets/anna')).body.balance.amount;
    },
    async repairs() {
      return (await service.call('GET', '/repairs?limit=100')).body.data;
    },
    async settled(number: number) {
      const { body } = await service.call('GET', '/audit/payments?limit=500');
      return body.data.find(({ orderId }: { orderId: string }) => orderId === idOf(number))
        ?.settled;
    },
    async assertLedger() {
      assert.deepEqual((await service.database.query(LEDGER_VIOLATIONS)).rows, []);
    },
  };
}

type Service = Awaited<ReturnType<typeof start>>;

async function answers(asked: ReturnType<Service['repair']>, state: string): Promise<void> {
  const { status, body } = await asked;
  assert.deepEqual([status, body], [200, { state }]);
}

test('a lost charge is made again under the same operation id, once', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000);
  await answers(billing.chargeAgain(1), 'done');
  await answers(billing.chargeAgain(1), 'already');
  assert.equal(await billing.balance(), 700);
  // A later request to pay this order gets the repaired charge.
  const { status, body } = await billing.pay(1);
  assert.deepEqual([status, body.operation.id, body.operation.type], [200, OPERATION, 'charge']);
  const [repair, ...more] = await billing.repairs();
  assert.deepEqual(more, []);
  const { id: _, at: __, ...kept } = repair;
  assert.deepEqual(kept, {
    step: 'charge-again',
    orderId: idOf(1),
    operationId: OPERATION,
    customerId: 'anna',
    amount: rub(-300),
    ...AUTHOR,
  });
  await billing.assertLedger();
});

test('two repairs of one charge at once charge once', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000);
  const both = await Promise.all([billing.chargeAgain(1), billing.chargeAgain(1)]);
  assert.deepEqual(both.map(({ body }) => body.state).sort(), ['already', 'done']);
  assert.equal(await billing.balance(), 700);
  assert.equal((await billing.repairs()).length, 1);
});

test('a charge that the wallet does not hold is refused, and nothing is recorded', async (t) => {
  const billing = await start(t);
  await billing.topUp(299);
  const refused = await billing.chargeAgain(1);
  assertProblem(refused, 406, 'insufficient-funds');
  assert.deepEqual(refused.body.balance, rub(299));
  assert.equal(await billing.balance(), 299);
  assert.equal((await billing.decision(1)).status, 404);
  assert.deepEqual(await billing.repairs(), []);
});

test('a decision that exists is not replaced', async (t) => {
  const billing = await start(t);
  await billing.topUp(500);
  await billing.pay(1);
  await billing.record(2, 'voided');
  for (const refused of [
    billing.chargeAgain(1),
    billing.record(1, 'voided'),
    billing.record(2, 'declined'),
    billing.chargeAgain(2),
    billing.repair(3, 'acknowledge'),
    billing.repair(3, 'reverse-charge'),
    // Its money was taken: that is not acknowledged but given back.
    billing.repair(1, 'acknowledge'),
    billing.repair(2, 'reverse-charge'),
  ]) {
    assertProblem(await refused, 409, 'repair-refused');
  }
  assert.equal(await billing.balance(), 200);
  await billing.assertLedger();
});

test('a decline recorded again makes up no balance, and no later payment charges', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000);
  await answers(billing.record(1, 'declined'), 'done');
  const late = await billing.pay(1);
  assertProblem(late, 406, 'insufficient-funds');
  assert.deepEqual(
    [late.body.balance, late.body.required, late.body.shortfall],
    [undefined, rub(300), undefined],
  );
  const { decision, balanceSeen } = (await billing.decision(1)).body;
  assert.deepEqual([decision, balanceSeen], ['declined', null]);
  await answers(billing.record(2, 'voided'), 'done');
  assertProblem(await billing.pay(2), 409, 'payment-voided');
  assert.equal(await billing.balance(), 1_000);
});

test('a charge is reversed once, with its record in the same transaction', async (t) => {
  const billing = await start(t);
  await billing.topUp(500);
  await billing.pay(1);
  await answers(billing.repair(1, 'reverse-charge'), 'done');
  await answers(billing.repair(1, 'reverse-charge'), 'already');
  assert.equal(await billing.balance(), 500);
  const [repair, ...more] = await billing.repairs();
  assert.deepEqual(
    [repair.step, repair.amount, repair.reason, more],
    ['reverse-charge', rub(300), 'drill', []],
  );
  await billing.assertLedger();
});

test('an order is written off without money; the audit shows what was settled', async (t) => {
  const billing = await start(t);
  await answers(billing.repair(1, 'write-off', billing.payment), 'done');
  await billing.call('PUT', `/payments/${idOf(2)}/void`, billing.payment);
  assert.deepEqual([await billing.settled(1), await billing.settled(2)], ['write-off', null]);
  await answers(billing.repair(2, 'acknowledge'), 'done');
  await answers(billing.repair(2, 'acknowledge'), 'already');
  assert.equal(await billing.settled(2), 'acknowledge');
  assert.equal(await billing.balance(), 0);
  assert.deepEqual(
    (await billing.repairs()).map(({ step }: { step: string }) => step),
    ['acknowledge', 'write-off'],
  );
  await billing.assertLedger();
});
