import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import * as contract from '#contracts/order-update-message.ts';
import { orderUpdateSchema, orderUpdateSchemaText, SCHEMA_FILE } from '#dev/events/schema.ts';
import * as kit from './order-update-message.ts';

const ajv = new Ajv2020({ formats: { uuid: true, 'date-time': true } });
const isValid = ajv.compile(orderUpdateSchema());

const CORPUS = new URL('../../contracts/corpus/', import.meta.url);
const stored = readdirSync(CORPUS).map((name): Record<string, unknown> => {
  const { value } = JSON.parse(readFileSync(new URL(name, CORPUS), 'utf8'));
  return typeof value === 'string' ? JSON.parse(value) : value;
});

test('the type of the kit is that of the contract', () => {
  const there: kit.OrderUpdateMessage = stored[0] as unknown as contract.OrderUpdateMessage;
  const back: contract.OrderUpdateMessage = there;
  assert.equal(back, stored[0]);
  assert.deepEqual(
    [kit.ORDER_UPDATE_TYPE, kit.ORDERS_TOPIC],
    [contract.ORDER_UPDATE_TYPE, contract.ORDERS_TOPIC],
  );
});

test('order-update-message.schema.json is what the contract says', () => {
  const published = readFileSync(SCHEMA_FILE, 'utf8');
  assert.ok(published === orderUpdateSchemaText(), 'it is out of date: npm run event-schema');
});

test('stored messages of every version are valid, with unknown members too', () => {
  assert.ok(stored.length > 0);
  for (const message of stored) {
    const newer = { ...message, giftWrap: { paper: 'red' } };
    for (const each of [message, newer]) {
      assert.equal(kit.orderUpdateFault(each), null);
      assert.ok(isValid(each), JSON.stringify(isValid.errors));
    }
  }
});

test('what the kit refuses, the schema refuses, and the other way round', () => {
  const [paid] = stored as [Record<string, unknown>];
  const total = paid.total as Record<string, unknown>;
  const odd = fc.oneof(
    fc.constantFrom<unknown>(
      undefined,
      null,
      '',
      0,
      1,
      1.5,
      -1,
      1e15,
      1e15 + 1,
      'RUB',
      'rub',
      [],
      {},
    ),
    fc.constantFrom<unknown>(
      'Paid',
      'Pending',
      'voided',
      'a b',
      'é',
      'x'.repeat(256),
      paid.orderId,
    ),
    fc.jsonValue(),
  );
  const change = (object: Record<string, unknown>) =>
    fc.tuple(fc.constantFrom(...Object.keys(object)), odd).map(([name, value]) => {
      const { [name]: _, ...others } = object;
      return value === undefined ? others : { ...others, [name]: value };
    });
  const messages = fc.oneof(
    change(paid),
    change(total).map((changed) => ({ ...paid, total: changed })),
    odd,
  );
  fc.assert(
    fc.property(messages, (message) => {
      assert.equal(
        kit.orderUpdateFault(message) === null,
        isValid(message),
        JSON.stringify(message),
      );
    }),
    { numRuns: 2_000 },
  );
});

test('a fault names the member, what it must be and what it is', () => {
  const [paid] = stored as [Record<string, unknown>];
  const { orderId: _, ...without } = paid;
  assert.equal(kit.orderUpdateFault(without), 'orderId must be a UUID, not absent');
  assert.equal(
    kit.orderUpdateFault({ ...paid, total: { amount: 0.5, currency: 'RUB' } }),
    'total.amount must be a whole number from 1 to 1000000000000000, not 0.5',
  );
});
