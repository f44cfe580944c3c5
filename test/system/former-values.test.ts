import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { queryRows } from '#harness/database.ts';
import { withFormerValues } from '#harness/exchanges/watch-exchanges.ts';
import { call } from '#harness/requests.ts';
import { insertAccount } from '#harness/system/accounts.ts';
import { assertProblem, placesOf } from '#harness/system/raw-http.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import { PASSWORD, rub, type TestCustomer, type TestSystem } from '#harness/system/system.ts';
import { hashOf } from '#services/orders/lifecycle/create-order.ts';

// Addresses and texts that former versions took: what is stored goes on, new values are checked.

test('what former versions stored goes on, and new values are checked', async (t) => {
  const system = await sharedTestSystem();
  const anna = await system.customer({ topUp: 100 });
  await t.test('orders with blank texts', (t) => checkOrders(t, system, anna));
  await t.test('profiles with former addresses and blank names', (t) => checkProfiles(t, system));
  await t.test('the reason for an address', (t) => checkReasons(t, system));
});

const BLANKS = [
  ' ',
  '\u00a0',
  '\u200b',
  '\u2800',
  '\u3164',
  '\u00ad\ufeff',
  '\u202e\u2066',
  '\u{e0041}',
];

async function checkOrders(t: TestContext, system: TestSystem, anna: TestCustomer) {
  const item = (name: string, sku?: string) => ({
    name,
    ...(sku !== undefined && { sku }),
    quantity: 1,
    unitPrice: rub(1),
  });
  const place = (items: unknown[], key?: string) =>
    anna.call('POST', '/v1/orders', { items }, key === undefined ? {} : { 'idempotency-key': key });
  const countOrders = async () =>
    (
      await queryRows(system.databaseUrl('orders'), 'select from orders where customer_id = $1', [
        anna.customerId,
      ])
    ).length;
  await t.test(
    '400: a blank name or sku, with a key and without, and nothing is stored',
    async () => {
      for (const blank of BLANKS) {
        for (const items of [[item(blank)], [item('a', blank)]]) {
          for (const key of [undefined, 'never-used']) {
            const answer = await place([item('Книга'), ...items], key);
            assertProblem(answer, 400, 'invalid-request');
            const member = items[0]?.name === blank ? 'name' : 'sku';
            assert.deepEqual(placesOf(answer), [`/items/1/${member}`]);
            assert.match(answer.body.errors[0].detail, /не пустая/);
          }
        }
      }
      assert.equal(await countOrders(), 0);
    },
  );
  await t.test('400: a blank name is listed with the other faults', async () => {
    const answer = await place([item(' '), { ...item('\u0000'), quantity: 0 }]);
    assertProblem(answer, 400, 'invalid-request');
    assert.deepEqual(placesOf(answer).sort(), [
      '/items/0/name',
      '/items/1/name',
      '/items/1/quantity',
    ]);
  });
  await t.test(
    'a stored order with a blank name is read, and its repetition answered',
    async () => {
      const placed = await place([item('Книга', 'a')], 'former');
      assert.equal(placed.status, 201);
      const { id } = placed.body;
      const items = [item('\u200b', ' ')];
      await queryRows(
        system.databaseUrl('orders'),
        'update orders set items = $2, request_hash = $3 where id = $1',
        [id, JSON.stringify(items), hashOf({ items })],
      );
      const stored = { ...placed.body, items };
      const again = await withFormerValues(() => place(items, 'former'));
      assert.deepEqual([again.status, again.body], [201, stored]);
      assert.deepEqual((await anna.call('GET', `/v1/orders/${id}`)).body, stored);
      assert.deepEqual((await anna.call('GET', '/v1/orders')).body.data[0], stored);
      const other = await withFormerValues(() => place([item(' ')], 'former'));
      assertProblem(other, 422, 'idempotency-key-reused');
      assert.equal(await countOrders(), 1);
    },
  );
}

async function checkProfiles(t: TestContext, system: TestSystem) {
  const register = (change: object) =>
    call(system.url, 'POST', '/v1/registrations', {
      body: { email: 'former@example.com', password: PASSWORD, name: 'Анна', ...change },
    });
  await t.test('400: a blank name, and a domain that is an IP address', async () => {
    for (const name of BLANKS) {
      const answer = await register({ name });
      assertProblem(answer, 400, 'invalid-request');
      assert.deepEqual(placesOf(answer), ['/name']);
    }
    for (const email of ['x@10.0.0.1', 'a@b.123', 'a@b.c']) {
      const answer = await register({ email });
      assertProblem(answer, 400, 'invalid-request');
      assert.deepEqual(placesOf(answer), ['/email']);
    }
  });
  const email = 'former@b.123';
  await insertAccount(system.databaseUrl('identity'), 'customer', email, PASSWORD);
  const signedIn = await call(system.url, 'POST', '/v1/sessions', {
    body: { email, password: PASSWORD },
  });
  assert.equal(signedIn.status, 200, 'the account signs in');
  const token = signedIn.body.accessToken;
  const ask = (method: string, body?: object) =>
    call(system.url, method, '/v1/profile', {
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body }),
    });
  const { sub } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
  const stored = { email, name: ' \u2800', locale: 'ru' };
  await queryRows(
    system.databaseUrl('profiles'),
    'insert into profiles (customer_id, email, name, locale) values ($1, $2, $3, $4)',
    [sub, ...Object.values(stored)],
  );
  await t.test('a stored profile is read, and found by the operator', async () => {
    const { status, body } = await ask('GET');
    assert.deepEqual([status, body], [200, { customerId: sub, ...stored }]);
    const operator = await system.operator();
    const found = await operator.call('GET', `/v1/operator/customers?email=${email}`);
    assert.deepEqual(
      found.body.data.map((one: { customerId: string; name: string }) => [
        one.customerId,
        one.name,
      ]),
      [[sub, stored.name]],
    );
  });
  await t.test('a change keeps what is stored, and checks what is new', async () => {
    const changed = await withFormerValues(() => ask('PUT', { ...stored, locale: 'en' }));
    assert.deepEqual([changed.status, changed.body.locale], [200, 'en']);
    for (const [change, places] of [
      [{ email: 'former@b.124' }, ['/email']],
      [{ name: '\u200b' }, ['/name']],
      [{ email: 'x@10.0.0.1', name: ' ' }, ['/email', '/name']],
      [{ email: 'x@10.0.0.1', name: ' ', locale: 'de' }, ['/locale']],
      [{ name: 'a\u0000', locale: 'en' }, ['/name']],
    ] as const) {
      const answer = await ask('PUT', { ...stored, ...change });
      assertProblem(answer, 400, 'invalid-request');
      assert.deepEqual(placesOf(answer).sort(), places);
    }
    const renewed = await ask('PUT', { email: 'new@example.com', name: 'Анна', locale: 'ru' });
    assert.equal(renewed.status, 200);
    assertProblem(await ask('PUT', stored), 400, 'invalid-request');
  });
}

async function checkReasons(t: TestContext, system: TestSystem) {
  const operator = await system.operator();
  const reasons = {
    ru: /символы вне ASCII не поддерживаются/,
    en: /beyond ASCII are not supported/,
  };
  for (const email of ['анна@пример.рф', 'user@пример.рф', 'аnna@example.com']) {
    for (const [language, reason] of Object.entries(reasons)) {
      await t.test(`400 in ${language} with the reason: ${email}`, async () => {
        const headers = { 'accept-language': language };
        const named = { email, password: PASSWORD, name: 'Анна' };
        const answers = [
          await call(system.url, 'POST', '/v1/registrations', { body: named, headers }),
          await call(system.url, 'POST', '/v1/sessions', {
            body: { email, password: PASSWORD },
            headers,
          }),
          await operator.call('PUT', '/v1/profile', { email, name: 'a', locale: 'ru' }, headers),
          await operator.call(
            'GET',
            `/v1/operator/customers?email=${encodeURIComponent(email)}`,
            undefined,
            headers,
          ),
        ];
        for (const answer of answers) {
          assertProblem(answer, 400, 'invalid-request');
          assert.equal(answer.body.errors.length, 1);
          assert.match(answer.body.errors[0].detail, reason);
        }
      });
    }
  }
  await t.test('201: the same domain in ASCII', async () => {
    const answer = await call(system.url, 'POST', '/v1/registrations', {
      body: { email: 'anna@xn--e1afmkfd.xn--p1ai', password: PASSWORD, name: 'Анна' },
    });
    assert.equal(answer.status, 201);
  });
}
