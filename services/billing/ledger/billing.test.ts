import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { readMetrics } from '#harness/metrics.ts';
import { LEDGER_VIOLATIONS } from '#harness/oracle/ledger.ts';
import { startTestService } from '#harness/system/internal-service.ts';
import { rub } from '#harness/system/system.ts';
import { service as billingService } from '../service.ts';

async function start(t: TestContext) {
  const billing = await startTestService(t, billingService);
  const wallet = (customerId: string) => `/wallets/${encodeURIComponent(customerId)}`;
  return {
    ...billing,
    wallet,
    pay: (orderId: string, amount: number, customerId = 'anna') =>
      billing.call('PUT', `/payments/${orderId}`, { customerId, amount: rub(amount) }),
    void: (orderId: string, amount: number, customerId = 'anna') =>
      billing.call('PUT', `/payments/${orderId}/void`, { customerId, amount: rub(amount) }),
    topUp: (amount: number, idempotencyKey: string = randomUUID(), customerId = 'anna') =>
      billing.call('POST', `${wallet(customerId)}/top-ups`, {
        amount: rub(amount),
        idempotencyKey,
      }),
    balance: async (customerId = 'anna') =>
      (await billing.call('GET', wallet(customerId))).body.balance.amount,
    operations: (query = '', customerId = 'anna') =>
      billing.call('GET', `${wallet(customerId)}/operations${query}`),
    ledgerViolations: async () => (await billing.database.query(LEDGER_VIOLATIONS)).rows,
  };
}

test('I1: a payment is 201 once and 200 for ever after, with the same operation', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000);
  const orderId = randomUUID();
  const first = await billing.pay(orderId, 600);
  assert.equal(first.status, 201);
  const { operation } = first.body;
  assert.deepEqual(first.body, { orderId, decision: 'captured', operation });
  assert.deepEqual(
    [operation.type, operation.amount, operation.balanceAfter, operation.orderId],
    ['charge', rub(-600), rub(400), orderId],
  );
  const again = await billing.pay(orderId, 600);
  assert.deepEqual([again.status, again.body], [200, first.body]);
  // The same UUID, spelt otherwise.
  const shouted = await billing.pay(orderId.toUpperCase(), 600);
  assert.deepEqual([shouted.status, shouted.body], [200, first.body]);
  assert.equal(await billing.balance(), 400);
  assert.deepEqual(await billing.ledgerViolations(), []);
});

test('a declined payment stays 406 after a top-up, with the balance seen then', async (t) => {
  const billing = await start(t);
  await billing.topUp(99);
  const orderId = randomUUID();
  const first = await billing.pay(orderId, 100);
  assert.equal(first.status, 406);
  assert.equal(first.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  const { code, title, balance, required, shortfall } = first.body;
  assert.deepEqual([code, title], ['insufficient-funds', 'Недостаточно средств']);
  assert.deepEqual([balance, required, shortfall], [rub(99), rub(100), rub(1)]);

  await billing.topUp(1_000);
  const again = await billing.pay(orderId, 100);
  assert.equal(again.status, 406);
  assert.deepEqual(
    [again.body.balance, again.body.required, again.body.shortfall],
    [rub(99), rub(100), rub(1)],
  );
  const asked = await billing.void(orderId, 100);
  assert.deepEqual(
    [asked.status, asked.body],
    [200, { orderId, decision: 'declined', operationId: null }],
  );
  assert.equal(await billing.balance(), 1_099);
});

test('I2: after a void no payment succeeds; after a payment a void returns it', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000);
  const voided = randomUUID();
  for (let time = 0; time < 2; time++) {
    const answer = await billing.void(voided, 100);
    assert.deepEqual(
      [answer.status, answer.body],
      [200, { orderId: voided, decision: 'voided', operationId: null }],
    );
  }
  const late = await billing.pay(voided, 100);
  assert.deepEqual([late.status, late.body.code], [409, 'payment-voided']);

  const paid = randomUUID();
  const { body } = await billing.pay(paid, 100);
  const asked = await billing.void(paid, 100);
  assert.deepEqual(asked.body, {
    orderId: paid,
    decision: 'captured',
    operationId: body.operation.id,
  });
  assert.equal(await billing.balance(), 900);
});

test('another amount or customer for a decided order is 422 after every decision', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000);
  await billing.topUp(1_000, 'key', 'boris');
  const [paid, declined, voided] = [randomUUID(), randomUUID(), randomUUID()];
  await billing.pay(paid, 100);
  await billing.pay(declined, 5_000);
  await billing.void(voided, 100);
  for (const [orderId, amount] of [
    [paid, 100],
    [declined, 5_000],
    [voided, 100],
  ] as const) {
    for (const answer of [
      await billing.pay(orderId, amount + 1),
      await billing.pay(orderId, amount, 'boris'),
      await billing.void(orderId, amount + 1),
      await billing.void(orderId, amount, 'boris'),
    ]) {
      assert.deepEqual([answer.status, answer.body.code], [422, 'payment-mismatch']);
    }
  }
  assert.deepEqual([await billing.balance(), await billing.balance('boris')], [900, 1_000]);
  assert.deepEqual(await billing.ledgerViolations(), []);
});

test('a top-up counts once per key: a repetition answers the same operation', async (t) => {
  const billing = await start(t);
  const first = await billing.topUp(500, 'self/k');
  assert.equal(first.status, 201);
  assert.deepEqual(
    [first.body.type, first.body.amount, first.body.balanceAfter, first.body.orderId],
    ['top_up', rub(500), rub(500), null],
  );
  await billing.pay(randomUUID(), 200);
  const again = await billing.topUp(500, 'self/k');
  assert.deepEqual([again.status, again.body], [201, first.body]);
  const other = await billing.topUp(501, 'self/k');
  assert.deepEqual([other.status, other.body.code], [422, 'idempotency-key-reused']);
  assert.equal(await billing.balance(), 300);

  // The same key of another customer is another key.
  const boris = await billing.topUp(700, 'self/k', 'boris');
  assert.equal(boris.status, 201);
  assert.notEqual(boris.body.id, first.body.id);
  assert.equal(await billing.balance('boris'), 700);
});

test('twenty top-ups with one key at once make one operation', async (t) => {
  const billing = await start(t);
  const answers = await Promise.all(Array.from({ length: 20 }, () => billing.topUp(500, 'once')));
  for (const { status, body } of answers) {
    assert.equal(status, 201);
    assert.deepEqual(body, answers[0]?.body);
  }
  assert.equal(await billing.balance(), 500);
  assert.equal((await billing.operations()).body.data.length, 1);
  assert.deepEqual(await billing.ledgerViolations(), []);
});

test('a top-up past the limit is 422 and changes nothing; up to the limit is exact', async (t) => {
  const billing = await start(t);
  const most = 1_000_000_000_000_000;
  for (let i = 0; i < 9; i++) assert.equal((await billing.topUp(most)).status, 201);
  assert.equal(await billing.balance(), 9 * most);
  const over = await billing.topUp(1);
  assert.deepEqual([over.status, over.body.code], [422, 'balance-limit']);
  assert.equal((await billing.pay(randomUUID(), 1)).status, 201);
  assert.equal(await billing.balance(), 9 * most - 1);
  assert.equal((await billing.topUp(most + 1)).status, 400);
  assert.equal((await billing.operations()).body.data.length, 10);
});

test('a wallet that was never used holds 0 and has no operations', async (t) => {
  const billing = await start(t);
  const answer = await billing.call('GET', billing.wallet('nobody'));
  assert.deepEqual([answer.status, answer.body], [200, { customerId: 'nobody', balance: rub(0) }]);
  assert.deepEqual((await billing.operations('', 'nobody')).body, { data: [], nextCursor: null });
});

test('operations come newest first, page by page, while new ones are added', async (t) => {
  const billing = await start(t);
  for (let i = 1; i <= 7; i++) await billing.topUp(i);
  const seen: number[] = [];
  let cursor: string | null = null;
  do {
    const { status, body } = await billing.operations(
      `?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`,
    );
    assert.equal(status, 200);
    assert.ok(body.data.length <= 3);
    seen.push(...body.data.map(({ amount }: { amount: { amount: number } }) => amount.amount));
    cursor = body.nextCursor;
    await billing.topUp(100);
  } while (cursor !== null);
  assert.deepEqual(seen, [7, 6, 5, 4, 3, 2, 1]);

  for (const query of ['?limit=0', '?limit=101', '?cursor=MA', '?cursor=%00', '?page=2']) {
    assert.equal((await billing.operations(query)).status, 400, query);
  }
});

test('customer ids are opaque: reserved characters and 255 of them', async (t) => {
  const billing = await start(t);
  const ids = ['a/b', '%2F', '100%', 'who?x=1#y', 'auth0|7', ':id', '%'.repeat(255)];
  for (const [index, id] of ids.entries()) {
    assert.equal((await billing.topUp(1_000 + index, 'k', id)).status, 201, id);
    assert.equal((await billing.pay(randomUUID(), 1, id)).status, 201, id);
  }
  for (const [index, id] of ids.entries()) {
    const { status, body } = await billing.call('GET', billing.wallet(id));
    assert.deepEqual([status, body], [200, { customerId: id, balance: rub(999 + index) }]);
    assert.equal((await billing.operations('', id)).body.data.length, 2, id);
  }
  assert.equal((await billing.call('GET', billing.wallet('x'.repeat(256)))).status, 400);
});

test('a top-up and a charge in another currency than the wallet’s are 400 and move nothing', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000);
  const amount = { amount: 1, currency: 'USD' };
  for (const customerId of ['anna', 'new']) {
    const answers = [
      await billing.call('POST', `/wallets/${customerId}/top-ups`, { amount, idempotencyKey: 'k' }),
      await billing.call('PUT', `/payments/${randomUUID()}`, { customerId, amount }),
    ];
    for (const { status, body } of answers) {
      const [{ pointer, rule, detail }] = body.errors;
      assert.deepEqual(
        [status, body.code, pointer, rule, detail],
        [400, 'invalid-request', '/amount/currency', 'const', 'допустимо только: RUB'],
      );
    }
  }
  assert.equal(await billing.balance(), 1_000);
  const { rows } = await billing.database.query(
    `select from payments union all select from operations where type = 'charge'`,
  );
  assert.equal(rows.length, 0);
});

test('only the gateway may move money', async (t) => {
  const billing = await start(t);
  const path = `/payments/${randomUUID()}`;
  const body = { customerId: 'anna', amount: rub(1) };
  assert.equal((await billing.call('PUT', path, body, { caller: 'notifications' })).status, 403);
  const anonymous = await fetch(billing.url + path, { method: 'PUT' });
  assert.equal(anonymous.status, 401);
});

test('a wallet that somebody holds locked holds up its own orders only', async (t) => {
  const billing = await start(t);
  const customers = ['anna', 'boris', 'clara', 'held'];
  for (const customer of customers) await billing.topUp(1_000, 'k', customer);
  const held = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const holder = billing.database.transaction(async (tx) => {
    await tx.query("select from wallets where customer_id = 'held' for update");
    locked.resolve();
    await held.promise;
  });
  await locked.promise;
  // The first goes alone, the others together behind it.
  const first = billing.pay(randomUUID(), 100);
  const stuck = billing.pay(randomUUID(), 100, 'held');
  const others = customers.slice(0, 3).map((one) => billing.pay(randomUUID(), 100, one));
  try {
    for (const answer of await Promise.all([first, ...others])) assert.equal(answer.status, 201);
  } finally {
    held.resolve();
    await holder;
  }
  assert.equal((await stuck).status, 201);
  assert.deepEqual(await billing.ledgerViolations(), []);
});

test('a decision is answered as it is stored, and 404 where there is none', async (t) => {
  const billing = await start(t);
  await billing.topUp(1_000);
  const decisionOf = (orderId: string) => billing.call('GET', `/payments/${orderId}`);
  const [captured, declined, voided] = [randomUUID(), randomUUID(), randomUUID()];
  const charge = (await billing.pay(captured, 600)).body.operation;
  await billing.pay(declined, 401);
  await billing.void(voided, 50);
  for (const [orderId, decision, amount, balanceSeen, operation] of [
    [captured, 'captured', 600, 1_000, charge],
    [declined, 'declined', 401, 400, null],
    [voided, 'voided', 50, 400, null],
  ]) {
    const { status, body } = await decisionOf(orderId);
    const { decidedAt, ...rest } = body;
    assert.deepEqual(
      [status, rest],
      [200, { orderId, decision, amount: rub(amount), balanceSeen: rub(balanceSeen), operation }],
    );
    assert.match(decidedAt, /^\d{4}-\d\d-\d\dT.*Z$/);
  }
  const missing = await decisionOf(randomUUID());
  assert.deepEqual([missing.status, missing.body.code], [404, 'not-found']);
  // To look is not to decide.
  const { rows } = await billing.database.query('select count(*)::int as count from payments');
  assert.equal(rows[0].count, 3);
});

test('each decision is counted once, by the process that makes it', async (t) => {
  const billing = await start(t);
  await billing.topUp(100);
  const [paid, declined, voided] = [randomUUID(), randomUUID(), randomUUID()];
  for (let time = 0; time < 2; time++) {
    await billing.pay(paid, 60);
    await billing.pay(declined, 60);
    await billing.void(voided, 60);
    await billing.void(paid, 60);
  }
  const name = 'orderbell_payment_decisions_total';
  assert.deepEqual(await readMetrics(billing.url, name), {
    [`${name}{decision="captured"}`]: 1,
    [`${name}{decision="declined"}`]: 1,
    [`${name}{decision="voided"}`]: 1,
  });
});
