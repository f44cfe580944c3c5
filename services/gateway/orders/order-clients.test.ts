import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Order } from '#contracts/orders.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import type { HttpClient } from '#platform/http/client.ts';
import type { ServiceClients } from '../context/service-clients.ts';
import { orderClients, recoveryClients } from './order-clients.ts';

const OWN = '00000000-0000-7000-8000-00000000000a';
const OTHER = '00000000-0000-7000-8000-00000000000b';
const total = { amount: 100, currency: 'RUB' };
const items = [{ name: 'A', quantity: 1, unitPrice: total }];
// The same customer and amount: the two orders differ in their ids only.
const order = { id: OWN, customerId: 'anna', total, items } as unknown as Order;
const operation = (orderId: string) => ({ id: 'o', orderId });

/** Clients whose every call is answered with this body. */
function answering(body: unknown, status = 200): ServiceClients {
  const client = { call: async () => ({ status, body, problem: status >= 400 }) };
  return { orders: client, billing: client } as unknown as Record<string, HttpClient> &
    ServiceClients;
}

function bind(body: unknown) {
  const alarms: string[] = [];
  const onAlarm = (message: string) => void alarms.push(message);
  const options = { deadline: deadlineIn(1_000), onAlarm };
  return { alarms, deps: orderClients(answering(body), options) };
}

const request = { customerId: 'anna', idempotencyKey: 'key', items };
type Deps = ReturnType<typeof bind>['deps'];

const steps: [name: string, own: unknown, foreign: unknown[], run: (deps: Deps) => unknown][] = [
  [
    'create an order',
    order,
    [{ ...order, customerId: 'boris' }],
    (deps) => deps.createOrder(request),
  ],
  [
    `pay ${OWN}`,
    { orderId: OWN, operation: operation(OWN) },
    [
      { orderId: OTHER, operation: operation(OWN) },
      { orderId: OWN, operation: operation(OTHER) },
    ],
    (deps) => deps.decidePayment(order),
  ],
  [
    `record voided for ${OWN}`,
    order,
    [{ ...order, id: OTHER }],
    (deps) => deps.recordPayment(order, { decision: 'voided' }),
  ],
];

for (const [name, own, foreign, run] of steps) {
  test(`an answer about another order is an alarm and no answer: ${name}`, async () => {
    const good = bind(own);
    assert.notEqual(await run(good.deps), null);
    assert.deepEqual(good.alarms, []);
    for (const body of foreign) {
      const mixedUp = bind(body);
      assert.equal(await run(mixedUp.deps), null);
      assert.deepEqual(mixedUp.alarms, [`${name}: the answer is about another order`]);
    }
  });
}

test('recovery acts on no answer about another order', async () => {
  const options = { olderThanMs: 1, leaseMs: 1, limit: 1, deadline: () => deadlineIn(1_000) };
  const bound = (body: unknown) => recoveryClients(answering(body), options);
  const decision = { orderId: OWN, decision: 'voided', operationId: null };
  assert.deepEqual(await bound(decision).voidPayment(order), decision);
  const isInternal = { message: /is about/ };
  await assert.rejects(bound({ ...decision, orderId: OTHER }).voidPayment(order), isInternal);
  const record = { decision: 'voided' } as const;
  await assert.rejects(bound({ ...order, id: OTHER }).recordPayment(order, record), /is about/);
});
