import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { ListedOperation } from '#contracts/wallet-lists.ts';
import { startTestService } from '#harness/system/internal-service.ts';
import { rub } from '#harness/system/system.ts';
import { service as billingService } from '../service.ts';

const ACTOR = { headers: { 'x-actor': 'pat' } };

async function start(t: TestContext) {
  const billing = await startTestService(t, billingService);
  const { call } = billing;
  return {
    ...billing,
    topUp: async (amount: number, customerId = 'anna') =>
      (
        await call('POST', `/wallets/${customerId}/top-ups`, {
          amount: rub(amount),
          idempotencyKey: randomUUID(),
        })
      ).body,
    pay: async (amount: number, customerId = 'anna') =>
      (await call('PUT', `/payments/${randomUUID()}`, { customerId, amount: rub(amount) })).body
        .operation,
    reverse: async (id: string, customerId = 'anna') =>
      (
        await call('POST', `/wallets/${customerId}/operations/${id}/reversal`, {
          reason: 'опечатка',
          madeBy: 'pat',
        })
      ).body,
    list: (query = '') => call('GET', `/operator/operations${query}`, undefined, ACTOR),
    trail: async () =>
      (await billing.database.query('select action, subject from audit_trail order by id')).rows,
  };
}

const idsOf = (operations: ListedOperation[]) => operations.map(({ id }) => id);

test('operations of all wallets are listed by each filter, newest first', async (t) => {
  const billing = await start(t);
  const annas = await billing.topUp(500);
  const boriss = await billing.topUp(300, 'boris');
  const charge = await billing.pay(200);
  const reversal = await billing.reverse(boriss.id, 'boris');
  const all = [reversal, charge, boriss, annas];
  const after = new Date(Date.parse(reversal.createdAt) + 60_000).toISOString();
  const before = new Date(Date.parse(annas.createdAt) - 60_000).toISOString();
  const cases: [query: string, expected: ListedOperation[]][] = [
    ['', all],
    ['?type=top_up', [boriss, annas]],
    ['?type=reversal', [reversal]],
    ['?customerId=anna', [charge, annas]],
    ['?customerId=anna&type=charge', [charge]],
    // Without its sign.
    ['?minAmount=200&maxAmount=300', [reversal, charge, boriss]],
    ['?maxAmount=200', [charge]],
    [`?from=${before}&until=${after}`, all],
    [`?until=${before}`, []],
    [`?customerId=anna&from=${after}`, []],
    ['?customerId=nobody', []],
  ];
  for (const [query, expected] of cases) {
    const { status, body } = await billing.list(query);
    assert.deepEqual([status, idsOf(body.data)], [200, idsOf(expected)], query);
    assert.equal(body.nextCursor, null, query);
  }
  const [first] = (await billing.list()).body.data;
  assert.deepEqual(first, { customerId: 'boris', ...reversal });
});

test('a list goes on page by page, of all wallets and of one', async (t) => {
  const billing = await start(t);
  const made: string[] = [];
  for (let count = 0; count < 5; count++) made.unshift((await billing.topUp(100)).id);
  for (const filter of ['', '&customerId=anna', '&minAmount=1', '&customerId=anna&minAmount=1']) {
    const seen: string[] = [];
    let next = '';
    do {
      const { body } = await billing.list(`?limit=2${filter}${next}`);
      seen.push(...idsOf(body.data));
      next = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
      await billing.topUp(100, 'boris');
    } while (next !== '');
    const theirs = seen.filter((id) => made.includes(id));
    assert.deepEqual(theirs, made, filter);
  }
});

test('a page looks through 5,000 operations at most, and an empty one leads on', async (t) => {
  const billing = await start(t);
  const rare = await billing.topUp(777);
  // As they would be stored, later than the first one.
  await billing.database.query(
    `insert into operations
        (id, customer_id, number, type, amount, currency, balance_after, idempotency_key)
      select ('ffffffff-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'anna', n + 1, 'top_up',
        1, 'RUB', 777 + n, 'k' || n
      from generate_series(1, 10000) as n`,
  );
  for (const filter of ['', '&customerId=anna']) {
    const pages: string[][] = [];
    let next = '';
    do {
      const { body } = await billing.list(`?minAmount=777${filter}${next}`);
      pages.push(idsOf(body.data));
      next = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
    } while (next !== '');
    assert.deepEqual(pages, [[], [], [rare.id]], filter);
  }
  const until = new Date(Date.parse(rare.createdAt) + 60_000).toISOString();
  assert.deepEqual(idsOf((await billing.list(`?minAmount=777&until=${until}`)).body.data), [
    rare.id,
  ]);
});

test('cursors of another list and impossible ranges are 400', async (t) => {
  const billing = await start(t);
  await billing.topUp(1);
  await billing.topUp(1);
  const { nextCursor } = (await billing.list('?limit=1')).body;
  for (const query of [
    `?customerId=anna&cursor=${nextCursor}`,
    '?cursor=x',
    '?from=2026-03-05T00:00:00Z&until=2026-03-04T00:00:00Z',
    '?minAmount=2&maxAmount=1',
    '?type=gift',
    '?page=1',
  ]) {
    assert.equal((await billing.list(query)).status, 400, query);
  }
});

test('one operation is found in any wallet, with its reversal', async (t) => {
  const billing = await start(t);
  const topUp = await billing.topUp(500);
  const get = (id: string) => billing.call('GET', `/operator/operations/${id}`, undefined, ACTOR);
  const operation = { customerId: 'anna', ...topUp };
  assert.deepEqual((await get(topUp.id.toUpperCase())).body, { operation, reversal: null });
  const reversal = { customerId: 'anna', ...(await billing.reverse(topUp.id)) };
  assert.deepEqual((await get(topUp.id)).body, { operation, reversal });
  assert.deepEqual((await get(reversal.id)).body, { operation: reversal, reversal: null });
  assert.equal((await get(randomUUID())).status, 404);
});

test('balances are looked up for wallets that were used', async (t) => {
  const billing = await start(t);
  await billing.topUp(500);
  const lookUp = (customerIds: string[]) =>
    billing.call('POST', '/wallets/look-up', { customerIds });
  const { status, body } = await lookUp(['anna', 'nobody', 'anna']);
  assert.deepEqual([status, body], [200, { data: [{ customerId: 'anna', balance: rub(500) }] }]);
  for (const wrong of [[], Array.from({ length: 101 }, (_, i) => `c${i}`), ['a b']]) {
    assert.equal((await lookUp(wrong)).status, 400);
  }
});

test('what an operator was shown is recorded, and a list that shows nothing is not', async (t) => {
  const billing = await start(t);
  await billing.list();
  assert.deepEqual(await billing.trail(), []);
  const { id } = await billing.topUp(500);
  await billing.list();
  await billing.list('?customerId=anna');
  await billing.call('GET', `/operator/operations/${id}`, undefined, ACTOR);
  assert.deepEqual(await billing.trail(), [
    { action: 'list-operations', subject: {} },
    { action: 'list-operations', subject: { customerId: 'anna' } },
    { action: 'read-wallet', subject: { customerId: 'anna' } },
  ]);
});
