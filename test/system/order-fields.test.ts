import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NewOrder } from '#contracts/gateway.ts';
import type { OrderItem } from '#contracts/orders.ts';
import { eventually } from '#harness/eventually.ts';
import { PATIENT, rub, startTestSystem } from '#harness/system/system.ts';

// Every field of an order, from the request to the letter (docs/how-to/add-an-order-field.md).

const ITEMS: Required<OrderItem>[] = [
  { name: 'Книга «Ёж» 📚', sku: 'B-1/ё', quantity: 3, unitPrice: rub(7) },
  { name: ' spaces  stay ', sku: "'; --", quantity: 1, unitPrice: rub(0) },
];
// `Required`: this does not compile until it has every field of the contract.
const CONTENT: Required<Omit<NewOrder, 'customerId'>> = {
  items: ITEMS,
};
/** Fields that the event carries and the letter shows. */
const CARRIED: Record<string, string> = {};

test('an order with every field is answered, stored, published and written about', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const anna = await system.customer({ topUp: 100 });
  const sample: Required<NewOrder> = { customerId: anna.customerId, ...CONTENT };
  const key = { 'idempotency-key': 'every-field' };
  const posted = await anna.call('POST', '/v1/orders', sample, key);
  assert.equal(posted.status, 201);
  for (const [name, value] of Object.entries(sample)) assert.deepEqual(posted.body[name], value);
  assert.deepEqual(posted.body.total, rub(21));

  const { id } = posted.body;
  assert.deepEqual((await anna.call('GET', `/v1/orders/${id}`)).body, posted.body);
  assert.deepEqual((await anna.call('GET', '/v1/orders?limit=1')).body.data, [posted.body]);

  // A key names one content: with a field less it is another request.
  const again = await anna.call('POST', '/v1/orders', sample, key);
  assert.deepEqual([again.status, again.body], [201, posted.body]);
  for (const name of Object.keys(CONTENT).filter((field) => field !== 'items')) {
    const less = await anna.call('POST', '/v1/orders', { ...sample, [name]: undefined }, key);
    assert.equal(less.status, 422, name);
  }

  const letter = await eventually('the letter', async () => {
    const { body } = await anna.call('GET', '/v1/letters');
    return body.data[0]?.state === 'sent' && body.data[0];
  });
  const { event } = (await anna.call('GET', `/v1/orders/${id}/journey`)).body;
  const { text } = (await anna.call('GET', `/v1/letters/${letter.id}`)).body;
  for (const [name, value] of Object.entries(CARRIED)) {
    assert.equal(JSON.parse(event.value)[name], value);
    assert.ok(text.includes(value), `the letter does not show ${name}`);
  }
});
