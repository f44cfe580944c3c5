import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { placeOrder } from '#contracts/gateway.ts';
import { createOrder } from '#contracts/orders.ts';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { assertProblem, senderOf } from '#harness/system/raw-http.ts';
import {
  PATIENT,
  rub,
  startTestSystem,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';
import { bodyBytesMax } from '#platform/http/body-limit.ts';

// Every order that the schema allows passes every hop, as a request and as an answer.

/** The JSON of an order of 100 items whose names and skus are 200 times this text. */
function largest(character: string, price: number): string {
  const text = character.repeat(200);
  const money = `{"amount":${price},"currency":"RUB"}`;
  const item = `{"name":"${text}","sku":"${text}","quantity":1,"unitPrice":${money}}`;
  return `{"items":[${Array(100).fill(item)}]}`;
}

const SPELLINGS = {
  Cyrillic: 'Ж',
  'three bytes': '語',
  emoji: '😀',
  'escaped Cyrillic': '\\u0416',
  'escaped emoji': '\\ud83d\\ude00',
  quotes: '\\"',
};

test('the inner hop takes all that the outer one admits, with room', () => {
  const escaped = Buffer.byteLength(largest('\\ud83d\\ude00', 10 ** 15));
  assert.ok(bodyBytesMax(placeOrder.body) > escaped + 10_000);
  const inner = { customerId: '"'.repeat(255), idempotencyKey: '"'.repeat(255) };
  const items = JSON.parse(largest('😀', 10 ** 15)).items;
  const passedOn = Buffer.byteLength(JSON.stringify({ ...inner, items }));
  assert.ok(bodyBytesMax(createOrder.body) > passedOn);
});

test('the largest orders are placed, and read wherever orders are shown', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  for (const [name, character] of Object.entries(SPELLINGS)) {
    await t.test(`${name}: paid, declined, and both read`, (t) => follow(t, system, character));
  }
  await t.test('many at once, then page by page', (t) => placeMany(t, system));
});

test('a proxy before orders with a lower limit is an alarm and a final 413', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const anna = await system.customer({ topUp: 100 });
  for (const status of [413, 414, 431]) {
    const proxy = createServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Too large</h1>');
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    t.after(() => proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const gateway = await system.startExtraGateway({ ORDERS_URL: `http://127.0.0.1:${port}` });
    const answer = await call(gateway.url, 'POST', '/v1/orders', {
      body: largest('Ж', 1),
      headers: { authorization: `Bearer ${anna.token}`, 'idempotency-key': 'k' },
    });
    assertProblem(answer, 413, 'body-too-large');
    assert.equal(answer.body.retryable, false);
    assert.equal(answer.headers.get('idempotency-key'), 'k');
    proxy.closeAllConnections();
  }
});

async function follow(t: TestContext, system: TestSystem, character: string) {
  const anna = await system.customer({ topUp: 100 });
  const send = senderOf(system, anna);
  const body = largest(character, 1);
  const { items } = JSON.parse(body);
  // The longest key, and one that takes twice as many bytes as JSON.
  const key = { 'idempotency-key': '\\'.repeat(255) };
  const paid = await send('POST', '/v1/orders', body, key);
  assert.equal(paid.status, 201, JSON.stringify(paid.body).slice(0, 500));
  assert.deepEqual(paid.body.items, items);
  const again = await send('POST', '/v1/orders', body, key);
  assert.deepEqual([again.status, again.body.id], [201, paid.body.id]);
  const declined = await send('POST', '/v1/orders', body);
  assert.equal(declined.status, 406);
  assert.deepEqual(declined.body.order.items, items);

  // Two of the larger ones are more than a page holds.
  const listed: unknown[] = [];
  for (let cursor = ''; ; ) {
    const { body: page } = await anna.call('GET', `/v1/orders?limit=2${cursor}`);
    listed.push(...page.data.map((order: { items: unknown }) => order.items));
    if (page.nextCursor === null) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  assert.deepEqual(listed, [items, items]);
  await t.test('its journey and its letter', () => lookAt(anna, paid.body.id, items));
}

async function lookAt(anna: TestCustomer, id: string, items: unknown) {
  const journey = await eventually('the letter', async () => {
    const { status, body } = await anna.call('GET', `/v1/orders/${id}/journey`);
    assert.equal(status, 200);
    return body.letter?.state === 'sent' && body;
  });
  assert.deepEqual(journey.order.items, items);
  assert.equal(JSON.parse(journey.event.value).orderId, id);
  const letter = await anna.call('GET', `/v1/letters/${journey.letter.id}`);
  assert.equal(letter.status, 200);
}

async function placeMany(t: TestContext, system: TestSystem) {
  const COUNT = 40;
  const boris = await system.customer({ topUp: COUNT * 100 });
  const body = JSON.parse(largest('😀', 1));
  const ids = new Set<string>();
  const place = async (number: number) => {
    const key = { 'idempotency-key': `many-${number}` };
    // A machine that is busy may need more time than one request has.
    await eventually('an order', async () => {
      const answer = await boris.call('POST', '/v1/orders', body, key);
      assert.ok([201, 202, 503].includes(answer.status), `${answer.status}`);
      if (answer.status === 201) ids.add(answer.body.id);
      return answer.status === 201;
    });
  };
  for (let from = 0; from < COUNT; from += 8) {
    await Promise.all(Array.from({ length: 8 }, (_, index) => place(from + index)));
  }
  assert.equal(ids.size, COUNT);
  assert.deepEqual((await boris.call('GET', '/v1/wallet')).body.balance, rub(0));

  const seen: string[] = [];
  let pages = 0;
  for (let cursor = ''; ; pages++) {
    const page = await boris.call('GET', `/v1/orders?limit=100${cursor}`);
    assert.equal(page.status, 200);
    assert.ok(JSON.stringify(page.body).length <= 256 * 1024 || page.body.data.length === 1);
    seen.push(...page.body.data.map(({ id }: { id: string }) => id));
    if (page.body.nextCursor === null) break;
    cursor = `&cursor=${page.body.nextCursor}`;
  }
  await t.test('each once, newest first', () => {
    assert.deepEqual(seen, [...ids].sort().reverse());
    // Bytes limit the size of a page, even if the requested limit is higher.
    assert.equal(pages, COUNT - 1);
  });
}
