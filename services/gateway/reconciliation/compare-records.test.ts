import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditedPayment } from '#contracts/billing.ts';
import type { AuditedLetter } from '#contracts/letter-audit.ts';
import type { AuditedOrder } from '#contracts/order-operations.ts';
import { compareRecords, type OrderFinding, type ReadPositions } from './compare-records.ts';

const ID = '00000000-0000-7000-8000-00000000000a';
const OPERATION = '00000000-0000-7000-8000-00000000000b';
const EVENT = '00000000-0000-7000-8000-00000000000c';
const OTHER = '00000000-0000-7000-8000-00000000000d';
const rub = (amount: number) => ({ amount, currency: 'RUB' });

const PAID: AuditedOrder = {
  id: ID,
  customerId: 'anna',
  status: 'Paid',
  statusReason: null,
  total: rub(100),
  operationId: OPERATION,
  eventId: EVENT,
  event: 'published',
  eventAgeMs: 60_000,
  position: { topicId: 't', partition: 1, offset: 7 },
};
const PENDING: AuditedOrder = {
  ...PAID,
  status: 'Pending',
  operationId: null,
  eventId: null,
  event: 'none',
  eventAgeMs: null,
  position: null,
};
const cancelled = (statusReason: 'insufficient-funds' | 'voided'): AuditedOrder => ({
  ...PAID,
  status: 'Cancelled',
  statusReason,
  operationId: null,
});
const CHARGE = { id: OPERATION, customerId: 'anna', amount: rub(-100) };
const CAPTURED: AuditedPayment = {
  orderId: ID,
  customerId: 'anna',
  amount: rub(100),
  decision: 'captured',
  operationId: OPERATION,
  charge: CHARGE,
};
const refused = (decision: 'declined' | 'voided'): AuditedPayment => ({
  ...CAPTURED,
  decision,
  operationId: null,
  charge: null,
});
const HAPPY: AuditedLetter = {
  id: EVENT,
  orderId: ID,
  customerId: 'anna',
  kind: 'happiness',
  reason: null,
  total: rub(100),
  state: 'sent',
};
const grief = (reason: string): AuditedLetter => ({ ...HAPPY, kind: 'grief', reason });

/** Offset 7 of partition 1 was read, the topic ends behind it. */
const READ: ReadPositions = { topicId: 't', data: [{ partition: 1, position: 8, end: 9 }] };
const UNREAD: ReadPositions = { topicId: 't', data: [{ partition: 1, position: 7, end: 8 }] };

interface Given {
  order?: AuditedOrder;
  payment?: AuditedPayment;
  letters?: AuditedLetter[];
  positions?: ReadPositions;
}

function compare({ order, payment, letters = [], positions = READ }: Given): OrderFinding {
  return compareRecords({ orderId: ID, order, payment, letters }, positions);
}

const sound: [name: string, given: Given, waits?: OrderFinding['eventWaits']][] = [
  ['paid, charged, letter sent', { order: PAID, payment: CAPTURED, letters: [HAPPY] }],
  [
    'declined, letter sent',
    {
      order: cancelled('insufficient-funds'),
      payment: refused('declined'),
      letters: [grief('insufficient-funds')],
    },
  ],
  [
    'voided, letter sent',
    { order: cancelled('voided'), payment: refused('voided'), letters: [grief('voided')] },
  ],
  ['pending without a decision', { order: PENDING }],
  ['pending with a decision that is not recorded yet', { order: PENDING, payment: CAPTURED }],
  [
    'the event is not published yet',
    { order: { ...PAID, event: 'unpublished', position: null }, payment: CAPTURED },
    'unpublished',
  ],
  [
    'the letter is there although the publication is not marked yet',
    {
      order: { ...PAID, event: 'unpublished', position: null },
      payment: CAPTURED,
      letters: [HAPPY],
    },
  ],
  ['the event is not read yet', { order: PAID, payment: CAPTURED, positions: UNREAD }, 'unread'],
  [
    'the letter is there although the position is not committed yet',
    { order: PAID, payment: CAPTURED, letters: [HAPPY], positions: UNREAD },
  ],
  [
    'the event is deleted after its time, its letter is there',
    { order: { ...PAID, event: 'expired', position: null }, payment: CAPTURED, letters: [HAPPY] },
  ],
  [
    'an event that Debezium publishes may be in transit for a quarter of an hour',
    {
      order: { ...PAID, event: 'handed-over', eventAgeMs: 899_999, position: null },
      payment: CAPTURED,
    },
    'unread',
  ],
  [
    'the letter of an event that we do not publish is there, however old it is',
    {
      order: { ...PAID, event: 'handed-over', eventAgeMs: 86_400_000, position: null },
      payment: CAPTURED,
      letters: [HAPPY],
    },
  ],
  [
    'the topic was recreated after the letter came',
    {
      order: PAID,
      payment: CAPTURED,
      letters: [HAPPY],
      positions: { topicId: 'new', data: [] },
    },
  ],
  [
    'letters in any state',
    { order: PAID, payment: CAPTURED, letters: [{ ...HAPPY, state: 'failed' }] },
  ],
];

for (const [name, given, waits = null] of sound) {
  test(`no difference: ${name}`, () => {
    assert.deepEqual(compare(given), { differences: [], acknowledged: 0, eventWaits: waits });
  });
}

const whole = { order: PAID, payment: CAPTURED, letters: [HAPPY] };
const charged = (charge: object): Given => ({
  ...whole,
  payment: { ...CAPTURED, charge: { ...CHARGE, ...charge } },
});
const withLetter = (change: Partial<AuditedLetter>): Given => ({
  ...whole,
  letters: [{ ...HAPPY, ...change }],
});
const unwritten = (order: Partial<AuditedOrder>, positions = READ): Given => ({
  order: { ...PAID, ...order },
  payment: CAPTURED,
  positions,
});

const broken: [relation: string, detail: RegExp, given: Given][] = [
  [
    'operation-decision',
    /captured as .*b, which is no charge/,
    { ...whole, payment: { ...CAPTURED, charge: null } },
  ],
  [
    'operation-decision',
    /voided, but charged by operation .*b/,
    {
      order: cancelled('voided'),
      letters: [grief('voided')],
      payment: { ...refused('voided'), charge: CHARGE },
    },
  ],
  ['operation-decision', /captured as .*b, but charged by operation .*d/, charged({ id: OTHER })],
  ['operation-decision', /for customer anna, but boris was/, charged({ customerId: 'boris' })],
  ['operation-decision', /decided for 100 RUB, but 99 RUB were/, charged({ amount: rub(-99) })],
  [
    'operation-decision',
    /decided for 100 RUB, but 100 USD were/,
    charged({ amount: { amount: -100, currency: 'USD' } }),
  ],
  ['decision-order', /the payment is captured, but of no order/, { payment: CAPTURED }],
  ['decision-order', /Paid without a decision/, { order: PAID, letters: [HAPPY] }],
  [
    'decision-order',
    /Paid, but its payment is declined/,
    { ...whole, payment: refused('declined') },
  ],
  [
    'decision-order',
    /Cancelled \(voided\), but its payment is captured/,
    { order: cancelled('voided'), payment: CAPTURED, letters: [grief('voided')] },
  ],
  [
    'decision-order',
    /Cancelled \(insufficient-funds\), but its payment is voided/,
    {
      order: cancelled('insufficient-funds'),
      payment: refused('voided'),
      letters: [grief('insufficient-funds')],
    },
  ],
  [
    'decision-order',
    /names operation .*d, its payment .*b/,
    { ...whole, order: { ...PAID, operationId: OTHER } },
  ],
  [
    'decision-order',
    /the order is of anna, its payment of boris/,
    { order: PENDING, payment: { ...refused('declined'), customerId: 'boris' } },
  ],
  [
    'decision-order',
    /the order costs 100 RUB, decided were 99 RUB/,
    { order: PENDING, payment: { ...refused('declined'), amount: rub(99) } },
  ],
  ['order-event', /the event .*c is missing/, unwritten({ event: 'missing', position: null })],
  [
    'order-event',
    /.*c says something else/,
    { ...whole, order: { ...PAID, event: 'contradicting' } },
  ],
  ['event-letter', /.*c is about an order that does not exist/, { letters: [HAPPY] }],
  [
    'event-letter',
    /.*c is about an order that has not ended/,
    { order: PENDING, letters: [HAPPY] },
  ],
  [
    'event-letter',
    /the letter .*d belongs to no event/,
    { ...whole, letters: [HAPPY, { ...HAPPY, id: OTHER }] },
  ],
  ['event-letter', /Paid, its letter one of grief \(voided\)/, withLetter(grief('voided'))],
  [
    'event-letter',
    /Paid, its letter one of happiness \(voided\)/,
    withLetter({ reason: 'voided' }),
  ],
  ['event-letter', /Paid, its letter one of grief$/, withLetter({ kind: 'grief' })],
  ['event-letter', /of anna, its letter to boris/, withLetter({ customerId: 'boris' })],
  ['event-letter', /costs 100 RUB, its letter tells 1 RUB/, withLetter({ total: rub(1) })],
  ['event-letter', /past its time .*, and there is no letter/, unwritten({ event: 'expired' })],
  [
    'event-letter',
    /left to Debezium 15 minutes ago or more, and there is no letter/,
    unwritten({ event: 'handed-over', eventAgeMs: 900_000, position: null }),
  ],
  ['event-letter', /read \(1:7\), but its letter is lost or became a dead letter/, unwritten({})],
  ['event-letter', /not told where/, unwritten({ position: null })],
  [
    'event-letter',
    /not in the topic any more \(1:7\)/,
    unwritten({}, { topicId: 'new', data: UNREAD.data }),
  ],
  [
    'event-letter',
    /not in the topic any more/,
    unwritten({}, { topicId: 't', data: [{ partition: 1, position: 7, end: 7 }] }),
  ],
  ['event-letter', /not in the topic any more/, unwritten({}, { topicId: 't', data: [] })],
];

for (const [relation, detail, given] of broken) {
  test(`${relation}: ${detail.source}`, () => {
    const { differences, eventWaits } = compare(given);
    assert.equal(differences.length, 1, JSON.stringify(differences));
    assert.deepEqual([differences[0]?.relation, differences[0]?.id], [relation, ID]);
    assert.match(differences[0]?.detail ?? '', detail);
    assert.equal(eventWaits, null);
  });
}

test('every contradiction of an order is reported', () => {
  const { differences } = compare({
    order: { ...PAID, event: 'contradicting' },
    payment: { ...refused('voided'), charge: CHARGE },
    letters: [{ ...HAPPY, total: rub(1) }],
  });
  assert.deepEqual(
    differences.map(({ relation }) => relation),
    ['operation-decision', 'decision-order', 'order-event', 'event-letter'],
  );
});

const OLDER_BILLING = { order: PAID, letters: [HAPPY] };
const remedied: [name: string, remedies: string[], given: Given][] = [
  ['Paid without a decision', ['charge-again'], OLDER_BILLING],
  [
    'Cancelled without a decision',
    ['record-decision'],
    { order: cancelled('voided'), letters: [grief('voided')] },
  ],
  ['a charge of no order', ['reverse-charge'], { payment: CAPTURED }],
  ['a decline of no order', ['acknowledge'], { payment: refused('declined') }],
  [
    'a charge of a Cancelled order',
    ['reverse-charge'],
    { order: cancelled('voided'), payment: CAPTURED, letters: [grief('voided')] },
  ],
  ['Paid, decided otherwise', ['by-hand'], { ...whole, payment: refused('voided') }],
  [
    'a captured payment without its charge',
    ['by-hand'],
    { ...whole, payment: { ...CAPTURED, charge: null } },
  ],
  [
    'Paid, and its charge was reversed',
    ['by-hand'],
    { ...whole, payment: { ...CAPTURED, reversalId: OTHER } },
  ],
  ['a lost letter', ['publish-again'], unwritten({})],
  ['a lost letter, its event expired', ['publish-again'], unwritten({ event: 'expired' })],
  ['a missing event', ['publish-again'], unwritten({ event: 'missing', position: null })],
  [
    'an event that was never written',
    ['by-hand'],
    { ...whole, order: { ...PAID, event: 'missing', eventId: null }, letters: [] },
  ],
  ['a letter about no order', ['acknowledge'], { letters: [HAPPY] }],
  ['a letter about a Pending order', ['wait'], { order: PENDING, letters: [HAPPY] }],
  [
    'a letter of another event',
    ['acknowledge'],
    { ...whole, letters: [HAPPY, { ...HAPPY, id: OTHER }] },
  ],
  ['a letter that says something else', ['by-hand'], withLetter({ total: rub(1) })],
];

for (const [name, remedies, given] of remedied) {
  test(`the remedy of ${name} is ${remedies}`, () => {
    const { differences } = compare(given);
    assert.deepEqual(
      differences.map(({ remedy }) => remedy),
      remedies,
    );
  });
}

const settled: [name: string, acknowledged: number, given: Given][] = [
  ['a charge of no order that was reversed', 0, { payment: { ...CAPTURED, reversalId: OTHER } }],
  [
    'a charge of a Cancelled order that was reversed',
    0,
    {
      order: cancelled('voided'),
      payment: { ...CAPTURED, reversalId: OTHER },
      letters: [grief('voided')],
    },
  ],
  [
    'an acknowledged decline of no order',
    1,
    { payment: { ...refused('declined'), settled: 'acknowledge' } },
  ],
  [
    'a Paid order that was written off',
    1,
    { ...whole, payment: { ...refused('voided'), settled: 'write-off' } },
  ],
  [
    'acknowledged letters',
    2,
    {
      letters: [
        { ...HAPPY, acknowledged: true },
        { ...HAPPY, id: OTHER, acknowledged: true },
      ],
    },
  ],
];

for (const [name, acknowledged, given] of settled) {
  test(`no difference: ${name}`, () => {
    assert.deepEqual(compare(given), { differences: [], acknowledged, eventWaits: null });
  });
}

test('a record that settles one contradiction hides no other', () => {
  for (const payment of [
    { ...CAPTURED, settled: 'acknowledge' },
    { ...CAPTURED, settled: 'write-off' },
  ] as const) {
    assert.equal(compare({ payment }).differences.length, 1);
  }
  const declined = { ...refused('declined'), settled: 'acknowledge' } as const;
  assert.equal(compare({ ...whole, payment: declined }).differences.length, 1);
  const own = { ...HAPPY, total: rub(1), acknowledged: true };
  assert.equal(compare({ ...whole, letters: [own] }).differences.length, 1);
});
