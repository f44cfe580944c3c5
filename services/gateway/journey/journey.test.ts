import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JourneyPayment, JourneyStep } from '#contracts/journey.ts';
import type { DeadLetter, Delivery, Letter, LetterAttempt } from '#contracts/notifications.ts';
import type { OrderEvent } from '#contracts/order-operations.ts';
import type { Order } from '#contracts/orders.ts';
import { type JourneyRecords, journeyOf, NOT_DELIVERED } from './journey.ts';

type Shown = ReturnType<typeof journeyOf>;

// The story of an order in a line per step: kind, moment, outcome, detail. The moments are written
// as their seconds.

const at = (second: number, ms = 0) =>
  new Date(Date.UTC(2026, 10, 22, 18, 30, second, ms)).toISOString();
const rub = (amount: number) => ({ amount, currency: 'RUB' });
const ID = '019ac0de-1111-7000-8000-000000000001';

const pending: Order = {
  id: ID,
  customerId: 'anna',
  status: 'Pending',
  statusReason: null,
  version: 1,
  items: [{ name: 'Книга', quantity: 1, unitPrice: rub(5) }],
  total: rub(5),
  payment: null,
  createdAt: at(1),
  updatedAt: at(1),
};
const paid: Order = {
  ...pending,
  status: 'Paid',
  payment: { operationId: ID },
  version: 2,
  updatedAt: at(3),
};
const cancelled = (statusReason: 'insufficient-funds' | 'voided'): Order => ({
  ...pending,
  status: 'Cancelled',
  statusReason,
  version: 2,
  updatedAt: at(3),
});
const decided = (decision: JourneyPayment['decision']): JourneyPayment => ({
  decision,
  decidedAt: at(2),
  amount: rub(5),
  balanceSeen: rub(5),
  operation: null,
});
const event: OrderEvent = {
  id: ID,
  topic: 'orders',
  key: ID,
  headers: [],
  value: '{}',
  createdAt: at(3),
  publishedAt: at(4),
  partition: 0,
  offset: 17,
};
const unpublished: OrderEvent = { ...event, publishedAt: null, partition: null, offset: null };
const received = { at: at(5), partition: 0, offset: 17 };
const sent: LetterAttempt = {
  number: 1,
  startedAt: at(6),
  durationMs: 900,
  contactMs: 100,
  outcome: 'sent',
  response: '250 ok',
  error: null,
};
const letterOf = (state: Letter['state'], ...attempts: LetterAttempt[]): Delivery => ({
  received,
  letter: {
    id: ID,
    orderId: ID,
    kind: 'happiness',
    state,
    reason: null,
    subject: null,
    text: null,
    html: null,
    headers: null,
    to: null,
    messageId: '<m>',
    unknownOutcomes: 0,
    attempts,
    createdAt: at(3),
    sentAt: null,
  },
  deadLetter: null,
});
const deadLetter: DeadLetter = {
  id: ID,
  state: 'dead',
  topic: 'orders',
  partition: 0,
  offset: 17,
  key: null,
  value: null,
  headers: [],
  error: 'schema: no',
  redrives: 0,
  createdAt: at(5),
  redrivenAt: null,
};
const noRecovery = { attempts: 0, triedAt: null, error: null };
const recoveredAt = (second: number, error: string | null = null) => ({
  attempts: 2,
  triedAt: at(second),
  error,
});

/** A paid order whose letter was sent, changed in some respect. */
const facts = (changes: Partial<JourneyRecords> = {}): JourneyRecords => ({
  order: paid,
  recovery: noRecovery,
  event,
  payment: decided('captured'),
  delivery: letterOf('sent', sent),
  ...changes,
});
const waiting = (changes: Partial<JourneyRecords> = {}) =>
  facts({ order: pending, event: null, payment: null, delivery: NOT_DELIVERED, ...changes });

function lineOf({ kind, at: moment, outcome, detail, attempt }: JourneyStep): string {
  const second = moment === null ? '-' : (Date.parse(moment) - Date.parse(at(0))) / 1_000;
  const words = [kind, second, outcome, detail, attempt === null ? null : `#${attempt}`];
  return words.filter((word) => word !== null).join(' ');
}

/** Two seconds after the order, whose request goes on for five. */
const TIMES = { now: new Date(at(3)), orderDeadlineMs: 5_000, recoveryAgeMs: 30_000 };
const journey = (given: JourneyRecords, nowS = 3) =>
  journeyOf(given, { ...TIMES, now: new Date(at(nowS)) });

const linesOf = (given: JourneyRecords) => journey(given).steps.map(lineOf);

const BEGUN = ['request - done', 'create 1 done'];
const PAID = [...BEGUN, 'decide 2 done captured', 'record 3 done Paid', 'answer - done 201'];
const PUBLISHED = 'publish 4 done 0/17';
const RECEIVED = [PUBLISHED, 'receive 5 done 0/17'];
const SENT = ['contact 6 done #1', 'send 6.1 done #1', 'reply 6.9 done 250 ok #1'];

const stories: [title: string, given: JourneyRecords, lines: string[], complete: boolean][] = [
  ['paid, letter sent', facts(), [...PAID, ...RECEIVED, ...SENT], true],
  [
    'declined',
    facts({ order: cancelled('insufficient-funds'), payment: decided('declined') }),
    [
      ...[...BEGUN, 'decide 2 refused declined', 'record 3 done Cancelled', 'answer - refused 406'],
      ...[...RECEIVED, ...SENT],
    ],
    true,
  ],
  [
    'voided, and the client asked again',
    facts({ order: cancelled('voided'), payment: decided('voided') }),
    [
      ...[...BEGUN, 'decide 2 refused voided', 'record 3 done Cancelled', 'answer - refused 409'],
      ...[...RECEIVED, ...SENT],
    ],
    true,
  ],
  [
    'voided by recovery',
    facts({
      order: cancelled('voided'),
      payment: decided('voided'),
      event: null,
      recovery: recoveredAt(2),
      delivery: NOT_DELIVERED,
    }),
    [
      ...[...BEGUN, 'recover 2 done', 'decide 2 refused voided', 'record 3 done Cancelled'],
      'answer - unknown',
    ],
    false,
  ],
  [
    'charged before recovery found it',
    facts({ recovery: recoveredAt(3), delivery: NOT_DELIVERED, event: null }),
    [...PAID.slice(0, 3), 'recover 3 done', 'record 3 done Paid', 'answer - unknown'],
    false,
  ],
  ['just placed', waiting(), [...BEGUN, 'decide - waiting'], false],
  [
    'charged, and not recorded yet',
    waiting({ payment: decided('captured') }),
    [...BEGUN, 'decide 2 done captured', 'record - waiting'],
    false,
  ],
  [
    'recovery failed',
    waiting({ recovery: recoveredAt(9, 'billing is away'), payment: 'unavailable' }),
    [...BEGUN, 'recover 9 failed billing is away', 'record - waiting'],
    false,
  ],
  [
    'charged, and recovery failed to record it',
    waiting({ recovery: recoveredAt(9, 'orders is away'), payment: decided('captured') }),
    [...BEGUN, 'decide 2 done captured', 'recover 9 failed orders is away', 'record - waiting'],
    false,
  ],
  [
    'recovery is at it',
    waiting({ recovery: recoveredAt(9) }),
    [...BEGUN, 'recover 9 unknown', 'decide - waiting'],
    false,
  ],
  [
    'not published yet',
    facts({ event: unpublished, delivery: NOT_DELIVERED }),
    [...PAID, 'publish - waiting', 'receive - waiting'],
    false,
  ],
  [
    'published, not received',
    facts({ delivery: NOT_DELIVERED }),
    [...PAID, PUBLISHED, 'receive - waiting'],
    false,
  ],
  [
    'received, though not marked as published',
    facts({ event: unpublished }),
    [...PAID, 'publish - done 0/17', RECEIVED[1] as string, ...SENT],
    true,
  ],
  [
    'past its retention',
    facts({ event: { ...unpublished, createdAt: null } }),
    [...PAID, 'publish - done 0/17', RECEIVED[1] as string, ...SENT],
    true,
  ],
  [
    'past its retention, without notifications',
    facts({ event: { ...unpublished, createdAt: null }, delivery: 'unavailable' }),
    [...PAID, 'publish - unknown'],
    false,
  ],
  ['without notifications', facts({ delivery: 'unavailable' }), [...PAID, PUBLISHED], false],
  [
    'without billing',
    facts({ payment: 'unavailable' }),
    [...BEGUN, ...PAID.slice(3), ...RECEIVED, ...SENT],
    true,
  ],
  [
    'a dead letter',
    facts({ delivery: { ...NOT_DELIVERED, deadLetter } }),
    [...PAID, PUBLISHED, 'receive 5 failed schema: no'],
    true,
  ],
  [
    'a dead letter that was redriven, its letter not seen yet',
    facts({ delivery: { ...NOT_DELIVERED, deadLetter: { ...deadLetter, state: 'redriven' } } }),
    [...PAID, PUBLISHED, 'receive 5 failed schema: no'],
    false,
  ],
];

for (const [title, given, lines, complete] of stories) {
  test(`journey: ${title}`, () => {
    assert.deepEqual(linesOf(given), lines);
    assert.equal(journey(given).complete, complete);
  });
}

/** An attempt that came to nothing. */
const failed = (changes: Partial<LetterAttempt>): LetterAttempt => ({
  ...sent,
  outcome: 'transient',
  response: null,
  error: 'connection refused',
  ...changes,
});

const letters: [title: string, delivery: Delivery, lines: string[], complete: boolean][] = [
  ['no attempt yet', letterOf('queued'), ['send - waiting #1'], false],
  ['the first attempt under way', letterOf('sending'), ['send - waiting #1'], false],
  [
    'put off by the mail server',
    letterOf('queued', failed({ response: '450 later', error: 'x' })),
    [...SENT.slice(0, 2), 'reply 6.9 failed 450 later #1', 'send - waiting #2'],
    false,
  ],
  [
    'no server listens',
    letterOf('queued', failed({})),
    ['contact 6 done #1', 'send 6.1 failed connection refused #1', 'send - waiting #2'],
    false,
  ],
  [
    'refused for good',
    letterOf('failed', failed({ outcome: 'permanent', response: '550 no such user' })),
    [...SENT.slice(0, 2), 'reply 6.9 refused 550 no such user #1'],
    true,
  ],
  [
    'an address that no server was asked about',
    letterOf('failed', failed({ outcome: 'permanent', response: '', error: 'not deliverable' })),
    ['contact 6 done #1', 'send 6.1 refused not deliverable #1'],
    true,
  ],
  [
    'no answer after the dot, then sent to the same address',
    letterOf('sent', failed({ outcome: 'unknown', error: 'connection lost' }), {
      ...sent,
      number: 2,
      startedAt: at(8),
      contactMs: null,
    }),
    [
      ...[...SENT.slice(0, 2), 'reply 6.9 unknown connection lost #1'],
      ...['send 8 done #2', 'reply 8.9 done 250 ok #2'],
    ],
    true,
  ],
  [
    'profiles away, then no profile, then sent',
    {
      ...letterOf(
        'sent',
        failed({ contactMs: null, error: 'profiles: no answer' }),
        failed({ number: 2, error: 'the customer has no profile yet' }),
        { ...sent, number: 3 },
      ),
      stages: [
        { number: 1, stage: 'contact' },
        { number: 2, stage: 'contact' },
        { number: 3, stage: 'after-dot' },
      ],
    },
    [
      'contact 6 failed profiles: no answer #1',
      'contact 6 failed the customer has no profile yet #2',
      ...SENT.map((line) => line.replace('#1', '#3')),
    ],
    true,
  ],
];

for (const [title, delivery, lines, complete] of letters) {
  test(`journey of a letter: ${title}`, () => {
    const told = journey(facts({ delivery }));
    assert.deepEqual(told.steps.map(lineOf).slice(PAID.length + RECEIVED.length), lines);
    assert.equal(told.complete, complete);
    assert.equal(told.letter, delivery.letter);
  });
}

test('journey: the members besides the steps', () => {
  const whole = journey(facts());
  assert.deepEqual([whole.payment, whole.event], [decided('captured'), event]);
  assert.deepEqual([whole.deadLetter, whole.unavailable], [null, []]);
  const dead = journey(facts({ event: unpublished, delivery: { ...NOT_DELIVERED, deadLetter } }));
  assert.deepEqual(dead.deadLetter, {
    id: ID,
    state: 'dead',
    error: 'schema: no',
    createdAt: at(5),
  });
  assert.deepEqual(dead.event, { ...unpublished, partition: 0, offset: 17 });
  const alone = journey(facts({ payment: 'unavailable', delivery: 'unavailable' }));
  assert.deepEqual(alone.unavailable, ['billing', 'notifications']);
  assert.deepEqual([alone.payment, alone.letter, alone.event], [null, null, event]);
});

test('journey: no step seems to happen before the one that causes it', () => {
  // Billing's clock is behind; the relay noted the publication after the letter had arrived, by a
  // clock that is ahead of that of notifications.
  const given = facts({
    payment: { ...decided('captured'), decidedAt: at(0) },
    event: { ...event, publishedAt: at(9) },
    delivery: {
      ...letterOf('sent', { ...sent, startedAt: at(2) }),
      received: { ...received, at: at(2) },
    },
  });
  assert.deepEqual(linesOf(given), [
    ...[...BEGUN, 'decide 1 done captured', 'record 3 done Paid', 'answer - done 201'],
    ...['publish 3 done 0/17', 'receive 3 done 0/17'],
    ...['contact 3 done #1', 'send 3 done #1', 'reply 3 done 250 ok #1'],
  ]);
  // What was recorded stays as it is.
  assert.equal(journey(given).event?.publishedAt, at(9));
  const late = facts({ event: { ...event, publishedAt: at(9) } });
  assert.deepEqual(linesOf(late)[5], 'publish 5 done 0/17');
});

test('journey: how long each step took, where that is recorded', () => {
  const durations = (given: JourneyRecords) =>
    journey(given).steps.map(({ kind, durationMs }) => [kind, durationMs]);
  const nulls = ['request', 'create', 'decide', 'record', 'answer', 'publish', 'receive'];
  assert.deepEqual(durations(facts()), [
    ...nulls.map((kind) => [kind, null]),
    ...[
      ['contact', 100],
      ['send', 800],
      ['reply', 0],
    ],
  ]);
  const away = {
    ...letterOf('queued', failed({ contactMs: null, durationMs: 700 })),
    stages: [{ number: 1, stage: 'contact' as const }],
  };
  assert.deepEqual(durations(facts({ delivery: away })).slice(7), [
    ['contact', 700],
    ['send', null],
  ]);
});

test('journey: the client waited until the end was recorded, unless recovery did it', () => {
  assert.equal(journey(facts()).waitedMs, 2_000);
  assert.equal(journey(waiting()).waitedMs, null);
  assert.equal(journey(facts({ recovery: recoveredAt(2) })).waitedMs, null);
  const reversed = { ...paid, updatedAt: at(0) };
  assert.equal(journey(facts({ order: reversed })).waitedMs, 0);
});

const RECOVERY = { kind: 'recover', at: at(31) } as const;
const nothing = (state: DeadLetter['state']): Delivery => ({
  ...NOT_DELIVERED,
  deadLetter: { ...deadLetter, state },
});

const endings: [
  title: string,
  given: JourneyRecords,
  ending: Shown['ending'],
  next: Shown['next'],
  nowS?: number,
][] = [
  ['just placed', waiting(), 'open', { kind: 'decide', at: null }],
  ['charged', waiting({ payment: decided('captured') }), 'open', { kind: 'record', at: null }],
  ['its request has gone', waiting(), 'open', RECOVERY, 6],
  [
    'charged, and its request has gone',
    waiting({ payment: decided('captured') }),
    'open',
    RECOVERY,
    30,
  ],
  ['old enough for recovery', waiting(), 'open', { kind: 'recover', at: null }, 31],
  [
    'not published',
    facts({ event: unpublished, delivery: NOT_DELIVERED }),
    'open',
    { kind: 'publish', at: null },
  ],
  ['not received', facts({ delivery: NOT_DELIVERED }), 'open', { kind: 'receive', at: null }],
  [
    'redriven',
    facts({ event: unpublished, delivery: nothing('redriven') }),
    'open',
    { kind: 'receive', at: null },
  ],
  ['a dead letter', facts({ delivery: nothing('dead') }), 'failed', null],
  ['a discarded one', facts({ delivery: nothing('discarded') }), 'discarded', null],
  ['past the retention', facts({ delivery: { ...NOT_DELIVERED, expired: true } }), 'expired', null],
  ['sent', facts(), 'delivered', null],
  ['failed', facts({ delivery: letterOf('failed', failed({})) }), 'failed', null],
  [
    'failed and acknowledged',
    facts({ delivery: { ...letterOf('failed', failed({})), acknowledged: true } }),
    'discarded',
    null,
  ],
  ['sending', facts({ delivery: letterOf('sending') }), 'open', { kind: 'send', at: null }],
  [
    'put off',
    facts({ delivery: { ...letterOf('queued', failed({})), nextAttemptAt: at(40) } }),
    'open',
    { kind: 'send', at: at(40) },
  ],
  [
    'due',
    facts({ delivery: { ...letterOf('queued', failed({})), nextAttemptAt: at(40) } }),
    'open',
    { kind: 'send', at: null },
    41,
  ],
  [
    'held until the customer confirms',
    facts({ delivery: heldLetter() }),
    'open',
    { kind: 'confirm', at: null },
  ],
  ['published, without notifications', facts({ delivery: 'unavailable' }), undefined, undefined],
  [
    'unpublished, without notifications',
    facts({ event: unpublished, delivery: 'unavailable' }),
    undefined,
    { kind: 'publish', at: null },
  ],
];

function heldLetter(): Delivery {
  const delivery = letterOf('queued');
  const { letter } = delivery;
  return { ...delivery, letter: letter && { ...letter, waitsFor: 'confirmation' } };
}

for (const [title, given, ending, next, nowS] of endings) {
  test(`ending and next step: ${title}`, () => {
    const shown = journey(given, nowS);
    assert.deepEqual([shown.ending, shown.next], [ending, next]);
  });
}

test('journey: who resent the letter, and a discarded dead letter is an end', () => {
  const resends = [{ at: at(7), by: 'operator' as const, actor: 'olga' }];
  assert.equal(journey(facts()).resends, undefined);
  assert.deepEqual(journey(facts({ delivery: { ...letterOf('sent'), resends } })).resends, resends);
  assert.equal(journey(facts({ delivery: nothing('discarded') })).complete, true);
});
