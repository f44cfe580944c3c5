import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { decodeJwt } from 'jose';
import { queryRows } from '#harness/database.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import {
  orderOf,
  PATIENT,
  rub,
  startTestSystem,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';

// Money by hand: for customers who exist, shown before, and undone by a linked operation.

test('the operator finds customers, tops their wallets up, and undoes it', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  await t.test('customers', (t) => checkCustomers(t, system, operator));
  await t.test('top-ups', (t) => checkTopUps(t, system, operator));
  await t.test('reversals', (t) => checkReversals(t, system, operator));
  await t.test('while profiles or billing is down', (t) => checkOutages(t, system, operator));
});

const topUpPath = (customerId: string) =>
  `/v1/operator/wallets/${encodeURIComponent(customerId)}/top-ups`;
const operationsPath = (customerId: string) => `/v1/operator/wallets/${customerId}/operations`;

async function checkCustomers(t: TestContext, system: TestSystem, operator: TestCustomer) {
  const anna = await system.customer({ name: 'Анна К.', locale: 'en', topUp: 500 });
  const find = (query: string) => operator.call('GET', `/v1/operator/customers?${query}`);
  const [mailbox, domain] = anna.email.split('@') as [string, string];
  const found = {
    customerId: anna.customerId,
    name: 'Анна К.',
    email: `${mailbox[0]}***@${domain}`,
    locale: 'en',
    balance: rub(500),
  };
  await t.test('by id and by address, in any case of its letters', async () => {
    for (const query of [
      `customerId=${anna.customerId}`,
      `email=${anna.email}`,
      `email=${anna.email.toUpperCase()}`,
    ]) {
      const { status, body } = await find(query);
      assert.deepEqual([status, body], [200, { data: [found], nextCursor: null }], query);
    }
  });
  await t.test('an empty list for an unknown customer', async () => {
    for (const query of [
      'customerId=nobody',
      'email=nobody@example.com',
      `customerId=${anna.email}`,
    ]) {
      assert.deepEqual((await find(query)).body, { data: [], nextCursor: null }, query);
    }
  });
  await t.test('400 for both', async () => {
    for (const query of [`customerId=${anna.customerId}&email=${anna.email}`]) {
      const answer = await find(query);
      assertProblem(answer, 400, 'invalid-request');
      const [{ parameter, detail }] = answer.body.errors;
      assert.deepEqual(
        [parameter, detail],
        ['customerId', 'можно задать только один из параметров: customerId, email'],
      );
    }
    for (const query of ['email=nobody', 'email=%25', 'customerId=a%20b', 'name=Anna']) {
      assertProblem(await find(query), 400, 'invalid-request');
    }
  });
}

async function checkTopUps(t: TestContext, system: TestSystem, operator: TestCustomer) {
  const anna = await system.customer();
  const wallets = () =>
    queryRows(system.databaseUrl('billing'), 'select customer_id from wallets order by 1');
  await t.test('a customer’s wallet, once per key', async () => {
    const key = { 'idempotency-key': 'k1' };
    const body = { amount: rub(700) };
    const first = await operator.call('POST', topUpPath(anna.customerId), body, key);
    assert.deepEqual(
      [first.status, first.body.amount, first.headers.get('idempotency-key')],
      [201, rub(700), 'k1'],
    );
    const again = await operator.call('POST', topUpPath(anna.customerId), body, key);
    assert.deepEqual([again.status, again.body], [201, first.body]);
    assert.deepEqual((await anna.call('GET', '/v1/wallet')).body.balance, rub(700));
  });
  for (const nobody of ['pat@example.com', 'nobody', randomUUID(), anna.email, '%25']) {
    await t.test(`404 for ${nobody}, and nothing is stored`, async () => {
      const before = await wallets();
      const answer = await operator.call(
        'POST',
        topUpPath(nobody),
        { amount: rub(700) },
        { 'idempotency-key': 'k2' },
      );
      assertProblem(answer, 404, 'customer-not-found');
      assert.equal(answer.headers.get('idempotency-key'), 'k2');
      assert.deepEqual(await wallets(), before);
    });
  }
}

async function checkReversals(t: TestContext, system: TestSystem, operator: TestCustomer) {
  // The operator's account has no profile; the token names it.
  const { sub: madeBy } = decodeJwt(operator.token);
  const [anna, boris] = [await system.customer(), await system.customer()];
  const topUp = async (amount: number) =>
    (await operator.call('POST', topUpPath(anna.customerId), { amount: rub(amount) })).body;
  const reverse = (operationId: string, body: object, customerId = anna.customerId) =>
    operator.call('POST', `${operationsPath(customerId)}/${operationId}/reversal`, body);

  await t.test('a top-up is undone once, with its reason', async () => {
    const first = await topUp(700);
    await topUp(100);
    const { status, body } = await reverse(first.id, { reason: 'не тот покупатель' });
    assert.equal(status, 201);
    const { id, createdAt, ...rest } = body;
    const reversal = {
      type: 'reversal',
      amount: rub(-700),
      balanceAfter: rub(100),
      orderId: null,
      reversesOperationId: first.id,
      reason: 'не тот покупатель',
    };
    assert.deepEqual(rest, { ...reversal, madeBy });
    const again = await reverse(first.id, { reason: 'другая причина' });
    assert.deepEqual([again.status, again.body], [201, body]);

    const seen = await operator.call('GET', operationsPath(anna.customerId));
    assert.deepEqual([seen.body.data.length, seen.body.data[0]], [3, body]);
    // The customer learns why, and not who.
    const own = await anna.call('GET', '/v1/wallet/operations');
    assert.deepEqual(own.body.data[0], { id, createdAt, ...reversal });
    assert.deepEqual((await anna.call('GET', '/v1/wallet')).body.balance, rub(100));
  });
  await t.test('never below zero: 409 with the balance and the amount', async () => {
    const large = await topUp(400);
    const order = await anna.call('POST', '/v1/orders', orderOf(200));
    assert.equal(order.status, 201);
    const answer = await reverse(large.id, { reason: 'опечатка' });
    assertProblem(answer, 409, 'reversal-exceeds-balance');
    assert.deepEqual([answer.body.balance, answer.body.amount], [rub(300), rub(400)]);
    const [charge] = (await anna.call('GET', '/v1/wallet/operations')).body.data;
    assertProblem(await reverse(charge.id, { reason: 'опечатка' }), 409, 'not-reversible');
    assertProblem(await reverse(large.id, { reason: 'x' }, boris.customerId), 404, 'not-found');
    const unknown = await reverse(randomUUID(), { reason: 'x' });
    assertProblem(unknown, 404, 'not-found');
    assert.match(unknown.body.detail, /нет операции с таким номером/);
    const textsOf = async (reason: string) =>
      (await reverse(large.id, { reason })).body.errors.map(
        (each: { detail: string }) => each.detail,
      );
    assert.deepEqual(await textsOf(' \u2003'), ['нужна одна строка текста, не пустая']);
    assert.equal((await textsOf(''))[0], 'не может быть пустым');
    for (const body of [{}, { reason: '' }, { reason: 1 }, { reason: 'x', madeBy: 'boris' }]) {
      assertProblem(await reverse(large.id, body), 400, 'invalid-request');
    }
    assert.deepEqual((await anna.call('GET', '/v1/wallet')).body.balance, rub(300));
  });
  await t.test('customers may do none of it', async () => {
    const path = `${operationsPath(anna.customerId)}/${randomUUID()}/reversal`;
    assertProblem(await anna.call('POST', path, { reason: 'x' }), 403, 'forbidden');
    assertProblem(await anna.call('GET', operationsPath(anna.customerId)), 403, 'forbidden');
    const find = `/v1/operator/customers?customerId=${anna.customerId}`;
    assertProblem(await anna.call('GET', find), 403, 'forbidden');
  });
  await t.test('reconciliation finds no difference', async () => {
    const report = await operator.call('GET', '/v1/operator/ledger/verify');
    assert.deepEqual([report.body.ok, report.body.differences], [true, []]);
    await assertReconciled(system);
  });
}

async function checkOutages(t: TestContext, system: TestSystem, operator: TestCustomer) {
  const anna = await system.customer({ topUp: 500 });
  const readBalance = () =>
    queryRows(
      system.databaseUrl('billing'),
      `select balance::int from wallets where customer_id = '${anna.customerId}'`,
    );
  await t.test('without billing a customer is found, and the balance is not known', async () => {
    await system.system.services.get('billing')?.stop();
    const path = `/v1/operator/customers?customerId=${anna.customerId}`;
    const { status, body } = await operator.call('GET', path);
    assert.deepEqual([status, body.data[0].name, body.data[0].balance], [200, 'Анна', null]);
  });
  await t.test('without profiles nothing is added: 503 with the key', async () => {
    await system.system.services.get('profiles')?.stop();
    const answer = await operator.call(
      'POST',
      topUpPath(anna.customerId),
      { amount: rub(700) },
      { 'idempotency-key': 'k3' },
    );
    assertProblem(answer, 503, 'unavailable');
    assert.equal(answer.headers.get('idempotency-key'), 'k3');
    assert.deepEqual(await readBalance(), [{ balance: 500 }]);
  });
  await t.test('a key that the gateway made is in the 503 too', async () => {
    const path = topUpPath(anna.customerId);
    const answer = await operator.call('POST', path, { amount: rub(700) });
    assertProblem(answer, 503, 'unavailable');
    assert.match(answer.headers.get('idempotency-key') ?? '', /^[0-9a-f-]{36}$/);
  });
}
