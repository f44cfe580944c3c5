import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { item, MAX, money, named, order, priced } from '#harness/order-texts.ts';
import { assertProblem, placesOf, type Send, senderOf } from '#harness/system/raw-http.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import type { TestCustomer, TestSystem } from '#harness/system/system.ts';

// docs/reference/api.md: which orders and top-ups the public API takes, as a table.

const BALANCE = 10_000_000;
const AMOUNT = '/items/0/unitPrice/amount';
const NAME = '/items/0/name';
const QUANTITY = '/items/0/quantity';

/** Bodies of `POST /v1/orders` and the places that their 400 must name, all of them. */
const refusedOrders: [name: string, body: string | Buffer, places: string[]][] = [
  ['a fraction of a kopeck', priced('10.005'), [AMOUNT]],
  ['a number beyond doubles', priced('1e400'), [AMOUNT]],
  ['a huge exponent', priced('1e999999999999'), [AMOUNT]],
  ['an integer that doubles round', priced('9007199254740993'), [AMOUNT]],
  ['a fraction that doubles round to an integer', priced('99.99999999999999999'), [AMOUNT]],
  ['a price as text', priced('"100"'), [AMOUNT]],
  ['a price that is true', priced('true'), [AMOUNT]],
  ['a price that is null', priced('null'), [AMOUNT]],
  ['a price in a list', priced('[100]'), [AMOUNT]],
  ['a negative price', priced('-1'), [AMOUNT]],
  ['a price beyond 10^15', priced('1000000000000001'), [AMOUNT]],
  ['money as a bare number', order(item({ price: '100' })), ['/items/0/unitPrice']],
  [
    'money without a currency',
    order(item({ price: '{"amount":1}' })),
    ['/items/0/unitPrice/currency'],
  ],
  [
    'a currency in small letters',
    order(item({ price: money('1', 'rub') })),
    ['/items/0/unitPrice/currency'],
  ],
  ['another currency', order(item({ price: money('1', 'USD') })), ['/items/0/unitPrice/currency']],
  ['a total of 0', priced('0'), ['/items']],
  ['a total of -0', priced('-0'), ['/items']],
  [
    'a sum beyond 10^15',
    order(`${item({ price: money(MAX) })},${item({ price: money('1') })}`),
    ['/items'],
  ],
  ['a product beyond 10^15', order(item({ quantity: '2', price: money(MAX) })), ['/items']],
  ['a product beyond 2^53', order(item({ quantity: '10000', price: money(MAX) })), ['/items']],
  [
    'no quantity at all',
    order('{"name":"A","unitPrice":{"amount":1,"currency":"RUB"}}'),
    [QUANTITY],
  ],
  ['quantity 0', order(item({ quantity: '0' })), [QUANTITY]],
  ['quantity -1', order(item({ quantity: '-1' })), [QUANTITY]],
  ['quantity 10,001', order(item({ quantity: '10001' })), [QUANTITY]],
  ['quantity 1.5', order(item({ quantity: '1.5' })), [QUANTITY]],
  ['quantity as text', order(item({ quantity: '"1"' })), [QUANTITY]],
  ['no items', order(''), ['/items']],
  ['101 items', order(Array(101).fill(item()).join()), ['/items']],
  ['items as an object', '{"items":{"0":{}}}', ['/items']],
  ['an item that is null', '{"items":[null]}', ['/items/0']],
  ['no members', '{}', ['/items']],
  ['a list', '[]', ['']],
  ['null', 'null', ['']],
  ['a text', '"order"', ['']],
  ['an unknown member', order(item(), ',"note":"x"'), ['/note']],
  ['a status of its own', order(item(), ',"status":"Paid"'), ['/status']],
  [
    'an id, a total and a time of its own',
    order(item(), ',"id":"x","total":1,"createdAt":"x"'),
    ['/createdAt', '/id', '/total'],
  ],
  ['an unknown member of an item', order(item({ more: ',"price":1' })), ['/items/0/price']],
  [
    'an unknown member of money',
    order(item({ price: '{"amount":1,"currency":"RUB","scale":2}' })),
    ['/items/0/unitPrice/scale'],
  ],
  ['an unknown member that needs escaping', order(item(), ',"a/b~c":1'), ['/a~1b~0c']],
  ['__proto__', order(item(), ',"__proto__":{"status":"Paid"}'), ['/__proto__']],
  [
    '__proto__ and a long number',
    order(item({ price: money('100.0') }), ',"__proto__":{}'),
    ['/__proto__'],
  ],
  ['constructor', order(item(), ',"constructor":{"prototype":{}}'), ['/constructor']],
  [
    '__proto__ in an item',
    order(item({ more: ',"__proto__":{"unitPrice":1}' })),
    ['/items/0/__proto__'],
  ],
  ['an empty name', named('""'), [NAME]],
  ['a name of 201 letters', named(JSON.stringify('я'.repeat(201))), [NAME]],
  ['a name of 201 emoji', named(JSON.stringify('📚'.repeat(201))), [NAME]],
  ['a name that is a number', named('5'), [NAME]],
  ['NUL in a name', named('"a\\u0000b"'), [NAME]],
  ['a line break in a name', named('"a\\r\\nBcc: e@example.com"'), [NAME]],
  ['DEL in a name', named('"a\\u007f"'), [NAME]],
  ['a C1 control in a name', named('"a\\u0085"'), [NAME]],
  ['a line separator in a name', named('"a\\u2028"'), [NAME]],
  ['a name without a visible character', named('" \\u200b\\u2800"'), [NAME]],
  ['a lone surrogate in a name', named('"a\\ud800"'), [NAME]],
  ['a sku that is null', order(item({ more: ',"sku":null' })), ['/items/0/sku']],
  ['a blank sku', order(item({ more: ',"sku":"\\u3164"' })), ['/items/0/sku']],
  ['an empty sku', order(item({ more: ',"sku":""' })), ['/items/0/sku']],
  ['a customer that is a number', order(item(), ',"customerId":1'), ['/customerId']],
  ['a customer that is null', order(item(), ',"customerId":null'), ['/customerId']],
  ['an empty customer', order(item(), ',"customerId":""'), ['/customerId']],
  [
    'several faults, all of them listed',
    order(
      `${item({ quantity: '0', price: money('"1"', 'USD') })},${item({ name: '""', more: ',"x":1' })}`,
      ',"y":1',
    ),
    [QUANTITY, AMOUNT, '/items/0/unitPrice/currency', NAME.replace('0', '1'), '/items/1/x', '/y'],
  ],
  ['nothing', '', ['']],
  ['broken JSON', '{"items":[', ['']],
  ['two values', `${priced('1')}{}`, ['']],
  ['a comment', `/* x */${priced('1')}`, ['']],
  ['NaN', priced('NaN'), ['']],
  ['a byte order mark', `\ufeff${priced('1')}`, ['']],
  ['bytes that are not UTF-8', Buffer.from(named('"a\xff"'), 'latin1'), ['']],
  ['UTF-16', Buffer.from(priced('1'), 'utf16le'), ['']],
  ['deep nesting', `{"items":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, ['']],
  ['deep nesting and a fraction', `{"items":${'['.repeat(30_000)}1.5${']'.repeat(30_000)}}`, ['']],
];

const LOCATION = /^\/v1\/orders\/[0-9a-f-]{36}$/;

/** Bodies that are taken, with their totals; what they cost decides between 201 and 406. */
const takenOrders: [name: string, body: string, status: 201 | 406, total: number][] = [
  ['1e2 is 100', priced('1e2'), 201, 100],
  ['100.0 is 100', priced('100.0'), 201, 100],
  ['1000e-1 is 100', priced('1000e-1'), 201, 100],
  ['a free item and a priced one', order(`${item({ price: money('0') })},${item()}`), 201, 100],
  ['quantity 10,000', order(item({ quantity: '10000', price: money('1') })), 201, 10_000],
  [
    '100 items',
    order(
      Array(100)
        .fill(item({ price: money('1') }))
        .join(),
    ),
    201,
    100,
  ],
  ['a price of 10^15', priced(MAX), 406, 1e15],
  ['a price of 1e15', priced('1e15'), 406, 1e15],
  ['a name of 200 letters', named(JSON.stringify('я'.repeat(200))), 201, 100],
  ['a name of 200 emoji', named(JSON.stringify('📚'.repeat(200))), 201, 100],
  ['markup and SQL in a name', named(`"<script>'; drop table orders; --"`), 201, 100],
  ['the last of two equal members', order(item({ more: ',"quantity":2' })), 201, 200],
];

const readable = async (customer: TestCustomer) => ({
  orders: (await customer.call('GET', '/v1/orders')).body.data,
  balance: (await customer.call('GET', '/v1/wallet')).body.balance.amount,
  operations: (await customer.call('GET', '/v1/wallet/operations')).body.data.length,
});

test('the valid and invalid orders, top-ups and keys', async (t) => {
  const system = await sharedTestSystem();
  await t.test('orders', (t) => checkOrders(t, system));
  await t.test('names of orders', (t) => checkCustomerIds(t, system));
  await t.test('top-ups', (t) => checkTopUps(t, system));
  await t.test('idempotency keys', (t) => checkKeys(t, system));
});

async function checkOrders(t: TestContext, system: TestSystem) {
  const anna = await system.customer({ topUp: BALANCE });
  const send = senderOf(system, anna);
  const before = await readable(anna);
  for (const [name, body, places] of refusedOrders) {
    await t.test(`400: ${name}`, async () => {
      const answer = await send('POST', '/v1/orders', body);
      assertProblem(answer, 400, 'invalid-request');
      assert.deepEqual(placesOf(answer), [...places].sort());
    });
  }
  await t.test('nothing of all that was stored', async () => {
    assert.deepEqual(before.orders, []);
    assert.deepEqual(await readable(anna), before);
  });
  for (const [name, body, status, total] of takenOrders) {
    await t.test(`${status}: ${name}`, async () => {
      const answer = await send('POST', '/v1/orders', body);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      const stored = status === 201 ? answer.body : answer.body.order;
      assert.deepEqual(stored.total, { amount: total, currency: 'RUB' });
      assert.match(answer.headers.get('location') ?? '', LOCATION);
    });
  }
}

async function checkCustomerIds(t: TestContext, system: TestSystem) {
  const [anna, boris] = [await system.customer({ topUp: 10 }), await system.customer()];
  const send = senderOf(system, anna);
  const inNameOf = (id: string) => order(item({ price: money('1') }), `,"customerId":"${id}"`);
  await t.test('201: the own name', async () => {
    const answer = await send('POST', '/v1/orders', inNameOf(anna.customerId));
    assert.equal(answer.status, 201);
    assert.equal(answer.body.customerId, anna.customerId);
  });
  for (const [name, id] of [
    ['another customer', boris.customerId],
    ['an unknown name', 'nobody'],
    ['the own name in capitals', anna.customerId.toUpperCase()],
  ] as const) {
    await t.test(`403: ${name}`, async () => {
      assertProblem(await send('POST', '/v1/orders', inNameOf(id)), 403, 'foreign-customer');
    });
  }
  await t.test('403: the last of two names counts', async () => {
    const twice = `{"customerId":"${anna.customerId}",${inNameOf(boris.customerId).slice(1)}`;
    assertProblem(await send('POST', '/v1/orders', twice), 403, 'foreign-customer');
  });
  assert.equal((await readable(anna)).orders.length, 1);
  assert.deepEqual((await readable(boris)).orders, []);
}

async function checkTopUps(t: TestContext, system: TestSystem) {
  const anna = await system.customer();
  const send = senderOf(system, anna);
  const topUp = (amount: string, currency?: string) => `{"amount":${money(amount, currency)}}`;
  const AT = '/amount/amount';
  for (const [name, body, places] of [
    ['nothing', topUp('0'), [AT]],
    ['less than nothing', topUp('-1'), [AT]],
    ['a fraction', topUp('0.5'), [AT]],
    ['a text', topUp('"5"'), [AT]],
    ['more than 10^15', topUp('1000000000000001'), [AT]],
    ['a number that doubles round', topUp('99.99999999999999999'), [AT]],
    ['another currency', topUp('5', 'USD'), ['/amount/currency']],
    ['two faults', topUp('"5"', 'USD'), [AT, '/amount/currency']],
    ['no money', '{}', ['/amount']],
    ['a bare number', '{"amount":5}', ['/amount']],
    ['somebody else', `{"amount":${money('5')},"customerId":"x"}`, ['/customerId']],
    ['null', 'null', ['']],
  ] as [string, string, string[]][]) {
    await t.test(`400: ${name}`, async () => {
      const answer = await send('POST', '/v1/wallet/top-ups', body);
      assertProblem(answer, 400, 'invalid-request');
      assert.deepEqual(placesOf(answer), places);
    });
  }
  await t.test('nothing of all that was stored', async () => {
    const { balance, operations } = await readable(anna);
    assert.deepEqual([balance, operations], [0, 0]);
  });
  await t.test('422: a balance beyond 9·10^15, exactly there', async () => {
    for (let i = 0; i < 9; i++) {
      assert.equal((await send('POST', '/v1/wallet/top-ups', topUp(MAX))).status, 201);
    }
    const answer = await send('POST', '/v1/wallet/top-ups', topUp('1'));
    assertProblem(answer, 422, 'balance-limit');
    const { balance, operations } = await readable(anna);
    assert.deepEqual([balance, operations], [9e15, 9]);
    // The refused key is not used up: below the limit it works.
    const key = { 'idempotency-key': 'later' };
    assertProblem(await send('POST', '/v1/wallet/top-ups', topUp('1'), key), 422, 'balance-limit');
    assert.equal((await send('POST', '/v1/orders', priced(MAX))).status, 201);
    assert.equal((await send('POST', '/v1/wallet/top-ups', topUp('1'), key)).status, 201);
    assert.equal((await readable(anna)).balance, 8e15 + 1);
  });
  await t.test('the operator is held to the same rules', async () => {
    const send = senderOf(system, await system.operator());
    const path = `/v1/operator/wallets/${anna.customerId}/top-ups`;
    for (const [body, places] of [
      [topUp('0.5'), [AT]],
      [topUp('"5"', 'USD'), [AT, '/amount/currency']],
    ] as const) {
      const answer = await send('POST', path, body);
      assertProblem(answer, 400);
      assert.deepEqual(placesOf(answer), places);
    }
    const spaced = await send('POST', '/v1/operator/wallets/a%20b/top-ups', topUp('1'));
    assertProblem(spaced, 400);
    assert.deepEqual(placesOf(spaced), ['?customerId']);
  });
}

async function checkKeys(t: TestContext, system: TestSystem) {
  const anna = await system.customer({ topUp: 1_000 });
  const send = senderOf(system, anna);
  const requests = [
    ['/v1/orders', priced('100')],
    ['/v1/wallet/top-ups', `{"amount":${money('100')}}`],
  ] as const;
  for (const [name, key] of [
    ['256 characters', 'k'.repeat(256)],
    ['a space', 'a b'],
    ['nothing', ''],
    ['a letter beyond ASCII', 'кл'.replace(/./g, '\xe9')],
    ['a tab', 'a\tb'],
    ['two headers', ['a', 'b']],
  ] as const) {
    for (const [path, body] of requests) {
      await t.test(`400: ${path} with a key of ${name}`, async () => {
        const answer = await send('POST', path, body, { 'idempotency-key': key as string });
        assertProblem(answer, 400, 'invalid-request');
        assert.deepEqual(placesOf(answer), ['?idempotency-key']);
        assert.equal(answer.headers.get('idempotency-key'), null);
      });
    }
  }
  for (const key of ['k', '"quoted"', `!~${'k'.repeat(253)}`]) {
    await t.test(`201: a key of ${key.length} characters, the same answer again`, async () => {
      const headers = { 'idempotency-key': key };
      for (const [path, body] of requests) {
        const first = await send('POST', path, body, headers);
        assert.equal(first.status, 201, JSON.stringify(first.body));
        assert.equal(first.headers.get('idempotency-key'), key);
        const again = await send('POST', path, body, headers);
        assert.equal(again.status, 201);
        assert.deepEqual(again.body, first.body);
        const other = await send('POST', path, body.replace('100', '101'), headers);
        assertProblem(other, 422, 'idempotency-key-reused');
      }
    });
  }
  await t.test('a refused body does not use its key up', async () => {
    const headers = { 'idempotency-key': 'after-400' };
    assertProblem(await send('POST', '/v1/orders', priced('"100"'), headers), 400);
    assert.equal((await send('POST', '/v1/orders', priced('100'), headers)).status, 201);
  });
  await t.test('a generated key is returned', async () => {
    const answer = await send('POST', '/v1/orders', priced('100'));
    assert.match(answer.headers.get('idempotency-key') ?? '', /^[\x21-\x7e]{1,255}$/);
  });
  await checkNamedKeys(t, system, send);
}

async function checkNamedKeys(t: TestContext, system: TestSystem, send: Send) {
  await t.test('every answer names the key', async () => {
    const key = { 'idempotency-key': 'echo' };
    const foreign = JSON.stringify({ ...JSON.parse(priced('100')), customerId: 'another' });
    const text = { ...key, 'content-type': 'text/plain' };
    const packed = { ...key, 'content-encoding': 'gzip' };
    const tooDear = priced('1000000');
    const requests: [number, string, string, string | undefined, Record<string, string>][] = [
      [201, 'POST', '/v1/orders', priced('1'), key],
      [422, 'POST', '/v1/orders', priced('2'), key],
      [406, 'POST', '/v1/orders', tooDear, { 'idempotency-key': 'too-dear' }],
      [400, 'POST', '/v1/orders', '{', key],
      [400, 'POST', '/v1/wallet/top-ups', '{}', key],
      [401, 'POST', '/v1/orders', priced('1'), { ...key, authorization: 'Bearer x' }],
      [403, 'POST', '/v1/orders', foreign, key],
      [403, 'GET', '/v1/operator/overview', undefined, key],
      [404, 'POST', '/v1/nothing', '{}', key],
      [405, 'PUT', '/v1/orders', priced('1'), key],
      [413, 'POST', '/v1/orders', `"${'x'.repeat(600_000)}"`, key],
      [415, 'POST', '/v1/orders', 'x', text],
      [415, 'POST', '/v1/orders', priced('1'), packed],
      [400, 'GET', '/v1/orders/%zz', undefined, key],
      [414, 'GET', `/v1/orders/${'x'.repeat(2_000)}`, undefined, key],
      [200, 'GET', '/v1/wallet', undefined, key],
    ];
    for (const [status, method, path, body, headers] of requests) {
      const answer = await send(method, path, body, headers);
      assert.equal(answer.status, status, `${method} ${path.slice(0, 50)}`);
      const returned = answer.headers.get('idempotency-key');
      assert.equal(
        returned,
        headers['idempotency-key'],
        `${status} ${method} ${path.slice(0, 50)}`,
      );
    }
    // If the client sent no key, a refusal also names the key for a retry.
    const refused = await send('POST', '/v1/orders', '{}');
    assert.equal(refused.status, 400);
    assert.match(refused.headers.get('idempotency-key') ?? '', /^[\x21-\x7e]{1,255}$/);
  });
  await t.test("another customer's key is another key", async () => {
    const boris = senderOf(system, await system.customer({ topUp: 100 }));
    const headers = { 'idempotency-key': 'k' };
    const answer = await boris('POST', '/v1/orders', priced('100'), headers);
    assert.equal(answer.status, 201);
    const annas = await send('POST', '/v1/orders', priced('100'), headers);
    assert.notEqual(answer.body.id, annas.body.id);
  });
}
