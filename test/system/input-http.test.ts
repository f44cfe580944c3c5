import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { item, MAX, order, priced } from '#harness/order-texts.ts';
import { assertProblem, placesOf, rawCall, type Send, senderOf } from '#harness/system/raw-http.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import type { TestCustomer, TestSystem } from '#harness/system/system.ts';

// docs/reference/api.md: the rules of HTTP itself, the same for every route.

test('HTTP methods, headers and bodies at the public API', async (t) => {
  const system = await sharedTestSystem();
  await t.test('query strings', (t) => checkQueries(t, system));
  await t.test('media types and sizes', (t) => checkBodies(t, system));
  await t.test('addresses and methods', (t) => checkAddresses(t, system));
  await t.test('Accept and Accept-Language', (t) => checkNegotiation(t, system));
});

async function checkQueries(t: TestContext, system: TestSystem) {
  const anna = await system.customer({ topUp: 1_000 });
  const send = senderOf(system, anna);
  for (let i = 0; i < 2; i++) await send('POST', '/v1/orders', priced('1'));
  const lists = ['/v1/orders', '/v1/wallet/operations', '/v1/letters'];
  const refused: [query: string, places: string[]][] = [
    ['limit=0', ['?limit']],
    ['limit=101', ['?limit']],
    ['limit=-1', ['?limit']],
    ['limit=1.5', ['?limit']],
    ['limit=abc', ['?limit']],
    ['limit=', ['?limit']],
    ['limit=1&limit=1', ['?limit']],
    ['page=2', ['?page']],
    ['Limit=2', ['?Limit']],
    ['customerId=x', ['?customerId']],
    ['__proto__=x', ['?__proto__']],
    ['limit=0&x=1', ['?limit', '?x']],
    ['cursor=', ['?cursor']],
    ['cursor=a&cursor=b', ['?cursor']],
    ['cursor=%00', ['?cursor']],
    ['cursor=AAAA', ['?cursor']],
    [`cursor=${'A'.repeat(501)}`, ['?cursor']],
    [`cursor=${Buffer.from("' or 1=1 --").toString('base64url')}`, ['?cursor']],
  ];
  for (const list of lists) {
    for (const [query, places] of refused) {
      await t.test(`400: ${list}?${query.slice(0, 40)}`, async () => {
        const answer = await send('GET', `${list}?${query}`);
        assertProblem(answer, 400, 'invalid-request');
        assert.deepEqual(placesOf(answer), places);
      });
    }
    for (const limit of [1, 100]) {
      await t.test(`200: ${list}?limit=${limit}`, async () => {
        assert.equal((await send('GET', `${list}?limit=${limit}`)).status, 200);
      });
    }
  }
  await t.test('400: a cursor of another list', async () => {
    const cursorOf = async (list: string) =>
      (await send('GET', `${list}?limit=1`)).body.nextCursor as string;
    const [orders, operations] = [
      await cursorOf('/v1/orders'),
      await cursorOf('/v1/wallet/operations'),
    ];
    for (const [list, cursor] of [
      ['/v1/orders', operations],
      ['/v1/letters', operations],
      ['/v1/wallet/operations', orders],
    ]) {
      const answer = await send('GET', `${list}?cursor=${cursor}`);
      assertProblem(answer, 400, 'invalid-request');
      assert.deepEqual(placesOf(answer), ['?cursor']);
    }
  });
  await checkStrayQueries(t, send, anna.email);
}

async function checkStrayQueries(t: TestContext, send: Send, email: string) {
  // Both lists are sorted by UUID, so the cursor's shape alone does not distinguish them.
  await t.test("400: the letters' cursor in the list of orders", async () => {
    const cursor = Buffer.from('00000000-0000-7000-8000-000000000000').toString('base64url');
    const letters = await send('GET', `/v1/letters?cursor=${cursor}`);
    const orders = await send('GET', `/v1/orders?cursor=${cursor}`);
    assert.deepEqual([letters.status, orders.status], [400, 400]);
  });
  for (const [method, path, body] of [
    ['POST', '/v1/orders?dryRun=true', priced('1')],
    ['POST', '/v1/wallet/top-ups?x=1', '{"amount":{"amount":1,"currency":"RUB"}}'],
    ['PUT', '/v1/profile?x=1', JSON.stringify({ email, name: 'A', locale: 'ru' })],
  ] as const) {
    await t.test(`400: ${method} ${path}`, async () => {
      const answer = await send(method, path, body);
      assertProblem(answer, 400, 'invalid-request');
      assert.equal(placesOf(answer).length, 1);
    });
  }
  for (const list of ['/v1/orders', '/v1/letters']) {
    await t.test(`400: ${list} with a cursor that is no id, though it looks like one`, async () => {
      const cursor = Buffer.from('-'.repeat(36)).toString('base64url');
      assertProblem(await send('GET', `${list}?cursor=${cursor}`), 400, 'invalid-request');
    });
  }
  for (const [path, places] of [
    ['/v1/orders?status=paid', ['?status']],
    ['/v1/orders?status=', ['?status']],
    ['/v1/orders?status=Paid&status=Paid', ['?status']],
    ['/v1/letters?orderId=1', ['?orderId']],
    ['/v1/letters?status=Paid', ['?status']],
    ['/v1/wallet?x=1', ['?x']],
    ['/v1/profile?x=1', ['?x']],
    ['/v1/orders/00000000-0000-7000-8000-000000000000?x=1', ['?x']],
  ] as const) {
    await t.test(`400: ${path}`, async () => {
      const answer = await send('GET', path);
      assertProblem(answer, 400, 'invalid-request');
      assert.deepEqual(placesOf(answer), places);
    });
  }
}

async function checkBodies(t: TestContext, system: TestSystem) {
  const anna = await system.customer({ topUp: 1_000 });
  const send = senderOf(system, anna);
  for (const type of [
    ...['text/plain', 'text/json', 'application/x-www-form-urlencoded', 'multipart/form-data'],
    ...[
      'application/vnd.api+json',
      'application/problem+json',
      'application/jsonp',
      'application/xml',
    ],
    ...['', 'json', '*/*', 'application/json, text/plain', 'application/json\ttext/plain'],
  ]) {
    await t.test(`415: ${JSON.stringify(type)}`, async () => {
      const answer = await send('POST', '/v1/orders', priced('1'), { 'content-type': type });
      assertProblem(answer, 415, 'unsupported-media-type');
    });
  }
  await t.test('415: a body without a media type', async () => {
    const answer = await rawCall(system.url, {
      method: 'POST',
      path: '/v1/orders',
      body: priced('1'),
      headers: { authorization: `Bearer ${anna.token}` },
    });
    assertProblem(answer, 415, 'unsupported-media-type');
  });
  // Spellings that went past other validators (docs/reference/crash-points.md, row 35).
  for (const type of [
    'application/json;',
    'APPLICATION/JSON',
    'application/json ; charset=utf-8',
    ' application/json',
  ]) {
    await t.test(`never past the rules: ${JSON.stringify(type)}`, async () => {
      const headers = { 'content-type': type };
      const answer = await send('POST', '/v1/orders', order(item(), ',"status":"Paid"'), headers);
      assertProblem(answer, 400, 'invalid-request');
      assert.deepEqual(placesOf(answer), ['/status']);
    });
  }
  for (const coding of ['gzip', 'identity', 'br']) {
    await t.test(`415: Content-Encoding ${coding}`, async () => {
      const headers = { 'content-encoding': coding };
      assertProblem(await send('POST', '/v1/orders', priced('1'), headers), 415);
    });
  }
  await checkSizes(t, send, anna);
}

const padded = (text: string, bytes: number) => text + ' '.repeat(bytes - Buffer.byteLength(text));

async function checkSizes(t: TestContext, send: Send, anna: TestCustomer) {
  // Every order that the schema allows fits; the limit of all other operations is 64 KiB.
  const topUp = '{"amount":{"amount":1,"currency":"RUB"}}';
  for (const [path, text, max] of [
    ['/v1/orders', priced('1'), 512 * 1024],
    ['/v1/wallet/top-ups', topUp, 64 * 1024],
  ] as const) {
    await t.test(`413: ${path}, one byte more, with its length or in chunks`, async () => {
      const large = padded(text, max + 1);
      const chunked = { 'transfer-encoding': 'chunked' };
      for (const headers of [{}, chunked, { 'idempotency-key': 'k' }]) {
        const answer = await send('POST', path, large, headers);
        assertProblem(answer, 413, 'body-too-large');
        assert.match(answer.body.errors[0].detail, new RegExp(`\\b${max} `));
      }
    });
  }
  await t.test('400: no body at all', async () => {
    const answer = await send('POST', '/v1/orders');
    assertProblem(answer, 400, 'invalid-request');
    assert.deepEqual(placesOf(answer), ['']);
  });
  await t.test('431: headers beyond 16 KiB', async () => {
    const answer = await send('GET', '/v1/wallet', undefined, { 'x-much': 'x'.repeat(17 * 1024) });
    assertProblem(answer, 431);
  });
  assert.deepEqual((await anna.call('GET', '/v1/orders')).body.data, []);
  // Around 64 KiB the inner hops had less room than the outer one.
  for (const bytes of [65_400, 65_450, 65_535, 65_536, 65_537, 512 * 1024 - 1, 512 * 1024]) {
    await t.test(`201: ${bytes} bytes`, async () => {
      const answer = await send('POST', '/v1/orders', padded(priced('1'), bytes));
      assert.equal(answer.status, 201);
    });
  }
  await t.test('201: a top-up of exactly 64 KiB', async () => {
    const answer = await send('POST', '/v1/wallet/top-ups', padded(topUp, 64 * 1024));
    assert.equal(answer.status, 201);
  });
  await t.test('400: so many elements that an error for each would fill the memory', async () => {
    const answer = await send('POST', '/v1/orders', `{"items":[${Array(170_000).fill('{}')}]}`);
    assertProblem(answer, 400, 'invalid-request');
    assert.equal(answer.body.errors.length, 100);
  });
}

async function checkAddresses(t: TestContext, system: TestSystem) {
  const send = senderOf(system, await system.customer());
  const some = '00000000-0000-7000-8000-000000000000';
  for (const [method, path, status] of [
    ['GET', '/v1/orders/%zz', 400],
    ['GET', '/v1/orders/%c3%28', 400],
    ['GET', '/v1/orders/abc', 400],
    ['GET', '/v1/orders/%00', 400],
    ['GET', `/v1/orders/${some}%0a`, 400],
    ['GET', '/v1/orders/..%2fwallet', 400],
    ['GET', '/v1/letters/1', 400],
    ['GET', `/v1/orders/${'a'.repeat(1_025)}`, 414],
    ['GET', `/v1/orders/${some}`, 404],
    ['GET', `/v1/letters/${some}`, 404],
    ['GET', '/v1/nothing', 404],
    ['GET', '/v1/orders/', 400],
    ['GET', '/V1/orders', 404],
    ['GET', '//v1/orders', 404],
    ['DELETE', '/v1/nothing', 404],
    ['DELETE', '/v1/orders', 405],
    ['DELETE', `/v1/orders/${some}`, 405],
    ['PATCH', '/v1/profile', 405],
    ['OPTIONS', '/v1/nothing', 404],
    ['TRACE', '/v1/orders', 405],
    ['PROPFIND', '/v1/orders', 405],
    ['GET', '/docs/assets/package.json', 404],
    ['GET', '/docs/assets/..%2f..%2fpackage.json', 404],
  ] as const) {
    await t.test(`${status}: ${method} ${path.slice(0, 60)}`, async () => {
      const answer = await send(method, path);
      assertProblem(answer, status);
      // A malformed path is no URI reference (RFC 9457), so its percent sign is escaped.
      assert.equal(answer.body.instance, path.replace('%zz', '%25zz'));
      assert.equal(answer.headers.has('allow'), status === 405);
    });
  }
}

async function checkNegotiation(t: TestContext, system: TestSystem) {
  const anna = await system.customer({ topUp: 1_000 });
  const send = senderOf(system, anna);
  for (const accept of ['text/html', 'image/png', 'application/xml;q=1, */*;q=0', '']) {
    await t.test(`Accept: ${accept} changes no answer`, async () => {
      const paid = await send('POST', '/v1/orders', priced('1'), { accept });
      assert.equal(paid.status, 201);
      assert.equal(paid.headers.get('content-type'), 'application/json; charset=utf-8');
      const declined = await send('POST', '/v1/orders', priced(MAX), { accept });
      assertProblem(declined, 406, 'insufficient-funds');
      assert.equal(declined.body.order.status, 'Cancelled');
      assertProblem(await send('POST', '/v1/orders', '{', { accept }), 400);
      assertProblem(await send('GET', '/v1/nothing', undefined, { accept }), 404);
      const read = await send('GET', '/v1/orders?limit=1', undefined, { accept });
      assert.equal(read.status, 200);
    });
  }
  const russian = [
    'Недостаточно средств',
    'Отменен',
    'Неверный запрос',
    'обязательное поле отсутствует',
  ];
  const english = ['Insufficient funds', 'Cancelled', 'Invalid request', 'required, but absent'];
  for (const [language, words] of [
    [undefined, russian],
    ['*', russian],
    ['de', russian],
    ['', russian],
    [';;=,', russian],
    ['ru', russian],
    ['ru-RU, en;q=0.9', russian],
    ['en', english],
    ['en-GB', english],
    ['de, en;q=0.5, ru;q=0.4', english],
  ] as const) {
    await t.test(`Accept-Language: ${language}`, async () => {
      const headers = language === undefined ? {} : { 'accept-language': language };
      const declined = await send('POST', '/v1/orders', priced(MAX), headers);
      const invalid = await send('POST', '/v1/orders', '{}', headers);
      assert.deepEqual(
        [
          ...[declined.body.title, declined.body.order.statusLabel],
          ...[invalid.body.title, invalid.body.errors[0].detail],
        ],
        words,
      );
      const { id, statusLabel } = declined.body.order;
      const one = await send('GET', `/v1/orders/${id}`, undefined, headers);
      const [first] = (await send('GET', '/v1/orders?limit=1', undefined, headers)).body.data;
      assert.deepEqual([one.body.statusLabel, first.statusLabel], [statusLabel, statusLabel]);
    });
  }
  await t.test(
    'the trace of a caller goes on in our answer; a malformed one does not',
    async () => {
      const traceId = '0af7651916cd43dd8448eb211c80319c';
      const traced = async (traceparent: string) =>
        (await send('GET', '/v1/nothing', undefined, { traceparent })).body.traceId;
      assert.equal(await traced(`00-${traceId}-b7ad6b7169203331-01`), traceId);
      assert.notEqual(await traced(`00-${traceId}-b7ad6b7169203331`), traceId);
    },
  );
}
