import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditedPayment, PaymentRepair } from '#contracts/billing.ts';
import type { AuditedOrder } from '#contracts/order-operations.ts';
import type { RepairRefusal } from '#contracts/repairs.ts';
import type { FoundDifference } from './reconcile.ts';
import { type CurrentOrder, type RepairDeps, repairRecords } from './repair-records.ts';

const rub = (amount: number) => ({ amount, currency: 'RUB' });
const idOf = (number: number, kind = 'a') => `00000000-0000-7000-8000-${kind}0000000000${number}`;
const AUTHOR = { reason: 'drill', madeBy: 'olga' };

const paid = (number: number): AuditedOrder => ({
  id: idOf(number),
  customerId: 'anna',
  status: 'Paid',
  statusReason: null,
  total: rub(100),
  operationId: idOf(number, 'b'),
  eventId: idOf(number, 'c'),
  event: 'published',
  eventAgeMs: 60_000,
  position: { topicId: 't', partition: 0, offset: number },
});
const cancelled = (number: number, statusReason: 'insufficient-funds' | 'voided') => ({
  ...paid(number),
  status: 'Cancelled' as const,
  statusReason,
  operationId: null,
});
const captured = (number: number): AuditedPayment => ({
  orderId: idOf(number),
  customerId: 'anna',
  amount: rub(100),
  decision: 'captured',
  operationId: idOf(number, 'b'),
  charge: { id: idOf(number, 'b'), customerId: 'anna', amount: rub(-100) },
});

const difference = (
  number: number,
  remedy: FoundDifference['remedy'],
  found: { order?: AuditedOrder; payment?: AuditedPayment; letterId?: string } = {},
): FoundDifference => ({
  relation: found.letterId === undefined ? 'decision-order' : 'event-letter',
  id: idOf(number),
  detail: 'x',
  remedy,
  ...(found.letterId !== undefined && { letterId: found.letterId }),
  records: { orderId: idOf(number), order: found.order, payment: found.payment, letters: [] },
});

/** Services in memory: what they hold now, and what was asked of them. */
function services(now: {
  orders?: AuditedOrder[];
  balance?: number;
  delivery?: 'letter' | 'dead-letter';
  refusal?: RepairRefusal;
}) {
  const done: unknown[][] = [];
  const current = ({ status, operationId, eventId }: AuditedOrder): CurrentOrder => ({
    status,
    operationId,
    eventId,
  });
  const performed = async (...step: unknown[]) => {
    done.push(step);
    return now.refusal ?? null;
  };
  const deps: RepairDeps = {
    async findOrder(orderId) {
      const order = now.orders?.find(({ id }) => id === orderId);
      return order === undefined ? null : current(order);
    },
    findBalance: async () => rub(now.balance ?? 0),
    findDelivery: async () => now.delivery ?? 'nothing',
    repairPayment: (orderId, repair: PaymentRepair) => performed('payment', orderId, repair),
    publishAgain: (orderId, author) => performed('event', orderId, author),
    acknowledgeLetter: (letterId, author) => performed('letter', letterId, author),
  };
  return { deps, done };
}

const ALONE = { author: AUTHOR, writeOff: new Set<string>() };
const DRY = { author: null, writeOff: new Set<string>() };

const payment = { customerId: 'anna', amount: rub(100) };
const steps: [name: string, given: FoundDifference, step: unknown[], orders?: AuditedOrder[]][] = [
  [
    'a Paid order without a decision is charged again under its own operation',
    difference(1, 'charge-again', { order: paid(1) }),
    ['payment', idOf(1), { step: 'charge-again', ...payment, operationId: idOf(1, 'b') }],
    [paid(1)],
  ],
  [
    'a declined order gets its decline',
    difference(1, 'record-decision', { order: cancelled(1, 'insufficient-funds') }),
    ['payment', idOf(1), { step: 'record-decision', ...payment, decision: 'declined' }],
    [cancelled(1, 'insufficient-funds')],
  ],
  [
    'a voided order gets its void',
    difference(1, 'record-decision', { order: cancelled(1, 'voided') }),
    ['payment', idOf(1), { step: 'record-decision', ...payment, decision: 'voided' }],
    [cancelled(1, 'voided')],
  ],
  [
    'a charge of an order that does not exist is reversed',
    difference(1, 'reverse-charge', { payment: captured(1) }),
    ['payment', idOf(1), { step: 'reverse-charge' }],
  ],
  [
    'a refused payment of an order that does not exist is acknowledged',
    difference(1, 'acknowledge', { payment: { ...captured(1), decision: 'voided' } }),
    ['payment', idOf(1), { step: 'acknowledge' }],
  ],
  [
    'an event without its letter is published again',
    difference(1, 'publish-again', { order: paid(1) }),
    ['event', idOf(1), {}],
    [paid(1)],
  ],
  [
    'a letter about no order is acknowledged by its own id',
    difference(1, 'acknowledge', { letterId: idOf(7, 'd') }),
    ['letter', idOf(7, 'd'), {}],
  ],
];

for (const [name, given, [kind, id, body], orders = []] of steps) {
  test(name, async () => {
    const { deps, done } = services({ orders, balance: 100 });
    const [dry] = await repairRecords(deps, [given], DRY);
    assert.equal(dry?.state, 'planned');
    assert.deepEqual(done, [], 'a dry run did something');
    const [repaired] = await repairRecords(deps, [given], ALONE);
    assert.equal(repaired?.state, 'done');
    assert.deepEqual(done, [[kind, id, { ...(body as object), ...AUTHOR }]]);
  });
}

test('a paid order that an operator writes off is not charged', async () => {
  const { deps, done } = services({ orders: [paid(1)], balance: 100 });
  const writeOff = new Set([idOf(1)]);
  const given = [difference(1, 'charge-again', { order: paid(1) })];
  const [repaired] = await repairRecords(deps, given, { author: AUTHOR, writeOff });
  assert.deepEqual([repaired?.remedy, repaired?.money], ['write-off', null]);
  assert.deepEqual(done, [['payment', idOf(1), { step: 'write-off', ...payment, ...AUTHOR }]]);
});

test('an order is written off only where its payment is what is missing', async () => {
  const { deps } = services({ orders: [cancelled(1, 'voided')] });
  const given = [difference(1, 'record-decision', { order: cancelled(1, 'voided') })];
  const [repaired] = await repairRecords(deps, given, { ...ALONE, writeOff: new Set([idOf(1)]) });
  assert.equal(repaired?.remedy, 'record-decision');
});

test('what no repair performs is left', async () => {
  const { deps, done } = services({});
  const given = [difference(1, 'by-hand'), difference(2, 'wait')];
  const states = (await repairRecords(deps, given, ALONE)).map(({ state }) => state);
  assert.deepEqual([states, done], [['left', 'left'], []]);
});

test('a dry run takes each charge from what the one before left', async () => {
  const orders = [1, 2, 3].map(paid);
  const { deps } = services({ orders, balance: 250 });
  const given = orders.map((order, index) => difference(index + 1, 'charge-again', { order }));
  const repaired = await repairRecords(deps, given, DRY);
  assert.deepEqual(
    repaired.map(({ state, refusal, balance }) => [state, refusal, balance?.amount]),
    [
      ['planned', null, undefined],
      ['planned', null, undefined],
      ['refused', 'insufficient-funds', 50],
    ],
  );
});

test('a wallet in another currency holds nothing for the charge', async () => {
  const order = { ...paid(1), total: { amount: 100, currency: 'USD' } };
  const { deps, done } = services({ orders: [order], balance: 1_000 });
  const [repaired] = await repairRecords(deps, [difference(1, 'charge-again', { order })], ALONE);
  assert.deepEqual([repaired?.refusal, done], ['insufficient-funds', []]);
});

const changed: [name: string, given: FoundDifference, orders: AuditedOrder[]][] = [
  ['the order is gone', difference(1, 'charge-again', { order: paid(1) }), []],
  [
    'the order ended otherwise',
    difference(1, 'charge-again', { order: paid(1) }),
    [cancelled(1, 'voided')],
  ],
  [
    'the order has another operation',
    difference(1, 'charge-again', { order: paid(1) }),
    [{ ...paid(1), operationId: idOf(9) }],
  ],
  [
    'the order has another event',
    difference(1, 'publish-again', { order: paid(1) }),
    [{ ...paid(1), eventId: idOf(9) }],
  ],
  [
    'the order exists after all',
    difference(1, 'reverse-charge', { payment: captured(1) }),
    [paid(1)],
  ],
];

for (const [name, given, orders] of changed) {
  test(`nothing is done when what was compared has changed: ${name}`, async () => {
    const { deps, done } = services({ orders, balance: 1_000 });
    const [repaired] = await repairRecords(deps, [given], ALONE);
    assert.deepEqual([repaired?.state, repaired?.refusal, done], ['refused', 'changed', []]);
  });
}

test('an event whose letter came meanwhile, or that is a dead letter, is not published', async () => {
  const given = [difference(1, 'publish-again', { order: paid(1) })];
  for (const [delivery, refusal] of [
    ['letter', 'changed'],
    ['dead-letter', 'dead-letter'],
  ] as const) {
    const { deps, done } = services({ orders: [paid(1)], delivery });
    const [repaired] = await repairRecords(deps, given, ALONE);
    assert.deepEqual([repaired?.refusal, done], [refusal, []]);
  }
});

test('a missing outbox row is written again although its letter exists', async () => {
  const order = { ...paid(1), event: 'missing' as const };
  const { deps, done } = services({ orders: [order], delivery: 'letter' });
  const [repaired] = await repairRecords(deps, [difference(1, 'publish-again', { order })], ALONE);
  assert.deepEqual([repaired?.state, done.length], ['done', 1]);
});

test('a refused step is reported as refused, and the next one is done', async () => {
  const { deps } = services({ orders: [paid(1)], balance: 100, refusal: 'changed' });
  const given = [difference(1, 'charge-again', { order: paid(1) }), difference(2, 'wait')];
  const repaired = await repairRecords(deps, given, ALONE);
  assert.deepEqual(
    repaired.map(({ state, refusal }) => [state, refusal]),
    [
      ['refused', 'changed'],
      ['left', null],
    ],
  );
});
