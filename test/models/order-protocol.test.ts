import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STUCK } from './explore.ts';
import { HOLD_BREACHES, type HoldProtocol, holdProtocol } from './hold-protocol.ts';
import {
  ORDER_BREACHES,
  type OrderProtocol,
  type OrderState,
  type OrderVariant,
  orderProtocol,
} from './order-protocol.ts';
import { assertHolds, assertRefuted } from './verdict.ts';

const ENDS = ['Paid', 'Cancelled, declined', 'Cancelled, voided'];

/** Protocols that hold, with the final statuses to reach and the minimum number of states. */
const holding: [name: string, protocol: OrderProtocol, ends: string[], states: number][] = [
  [
    'three requests, two recoveries, enough in the wallet',
    { handlers: 3, workers: 2, holdsEnough: true, walletChanges: false },
    ['Paid', 'Cancelled, voided'],
    5_000,
  ],
  [
    'three requests, two recoveries, too little in the wallet',
    { handlers: 3, workers: 2, holdsEnough: false, walletChanges: false },
    ['Cancelled, declined', 'Cancelled, voided'],
    5_000,
  ],
  [
    'four requests, three recoveries, a wallet that changes at any moment',
    { handlers: 4, workers: 3, holdsEnough: false, walletChanges: true },
    ENDS,
    200_000,
  ],
  [
    'billing restored to a state before its decision, a wallet that changes at any moment',
    {
      handlers: 3,
      workers: 2,
      holdsEnough: false,
      walletChanges: true,
      billingRestored: true,
    },
    ENDS,
    5_000,
  ],
  [
    'recovery that pays instead of voiding, as safe',
    { handlers: 3, workers: 2, holdsEnough: false, walletChanges: true, variant: 'roll-forward' },
    ['Paid', 'Cancelled, declined'],
    5_000,
  ],
];

for (const [name, protocol, ends, states] of holding) {
  test(`the order protocol holds: ${name}`, (t) => {
    const orders = new Set<string>();
    const answers = new Set<number>();
    const result = assertHolds(t, orderProtocol(protocol), (state) => {
      orders.add(state.order);
      answers.add(state.told);
    });
    assert.deepEqual([...orders].sort(), ['none', 'Pending', ...ends].sort());
    // No final answer, or the one of each end.
    assert.equal(answers.size, 1 + ends.length);
    assert.ok(result.states >= states, `only ${result.states} states`);
  });
}

const refuted: [variant: OrderVariant, kind: string, by: RegExp][] = [
  ['cancel-on-time-out', ORDER_BREACHES.chargedCancelled, /waits no longer and cancels/],
  ['refuse-on-time-out', ORDER_BREACHES.wrongAnswer, /waits no longer and answers 406$/],
  ['decision-not-keyed', ORDER_BREACHES.chargedTwice, /decide arrives late or again$/],
  ['decline-not-kept', ORDER_BREACHES.chargedCancelled, /tops up the wallet\n.*decide/],
  ['recovery-only-gets', ORDER_BREACHES.chargedCancelled, /recovery 1 reads the decision/],
  ['recovery-by-age', ORDER_BREACHES.chargedCancelled, /claims the order\n.*record voided$/],
  ['record-without-guard', ORDER_BREACHES.events, /record captured arrives late or again$/],
  ['voids-purged', ORDER_BREACHES.chargedCancelled, /billing purges the void/],
  ['repetition-decides', ORDER_BREACHES.chargedCancelled, /billing is restored/],
];

for (const [variant, kind, by] of refuted) {
  test(`the order protocol is refuted with ${variant}`, (t) => {
    const holdsEnough = variant !== 'decline-not-kept';
    const billingRestored = variant === 'repetition-decides';
    const actors = { handlers: 1, workers: 1 };
    const protocol = { ...actors, holdsEnough, walletChanges: true, billingRestored, variant };
    assertRefuted(t, orderProtocol(protocol), { kind, by });
  });
}

test('the order protocol is refuted without recovery', (t) => {
  const protocol = { handlers: 2, workers: 0, holdsEnough: true, walletChanges: false };
  assertRefuted(t, orderProtocol(protocol), { kind: STUCK, by: /vanishes\n.*create/ });
});

const charged = { decision: 'captured', charges: 1 } as const;
const paid = { ...charged, order: 'Paid', events: 1 } as const;
const voided = { decision: 'voided', order: 'Cancelled, voided', events: 1 } as const;
const [CAPTURED, VOIDED] = [1, 4];
const RECORD_VOIDED = 32;

const spoilt: [kind: string | undefined, change: Partial<OrderState>][] = [
  [undefined, {}],
  [undefined, { ...charged, order: 'Pending' }],
  [undefined, { ...paid, told: CAPTURED }],
  [undefined, { ...voided, told: VOIDED, sent: RECORD_VOIDED }],
  [ORDER_BREACHES.chargedTwice, { ...paid, charges: 2 }],
  [ORDER_BREACHES.chargedCancelled, { ...voided, charges: 1 }],
  [ORDER_BREACHES.paidUncharged, { ...paid, charges: 0 }],
  [ORDER_BREACHES.events, { ...paid, events: 0 }],
  [ORDER_BREACHES.events, { ...voided, events: 2 }],
  [ORDER_BREACHES.events, { order: 'Pending', events: 1 }],
  [ORDER_BREACHES.twoAnswers, { ...paid, told: CAPTURED | VOIDED }],
  [ORDER_BREACHES.wrongAnswer, { ...paid, told: VOIDED }],
  [ORDER_BREACHES.wrongAnswer, { order: 'Pending', told: CAPTURED }],
  [ORDER_BREACHES.contradicted, { ...paid, sent: RECORD_VOIDED }],
];

for (const [kind, change] of spoilt) {
  test(`the check of orders reports ${kind ?? 'nothing'} for ${JSON.stringify(change)}`, () => {
    const protocol = { handlers: 1, workers: 1, holdsEnough: true, walletChanges: false };
    const model = orderProtocol(protocol);
    assert.equal(model.check({ ...model.initial, ...change }), kind);
  });
}

const heldRefuted: [name: string, protocol: HoldProtocol, by: RegExp][] = [
  ['a hold that expires', { recovery: 'rolls-forward', holdsExpire: true }, /the hold expires/],
  ['a hold that recovery voids', { recovery: 'voids', holdsExpire: false }, /void-or-get/],
];

for (const [name, protocol, by] of heldRefuted) {
  test(`payment in two phases is refuted with ${name}`, (t) => {
    assertRefuted(t, holdProtocol(protocol), { kind: HOLD_BREACHES.lost, by });
  });
}

test('payment in two phases holds where holds last for ever and recovery rolls forward', (t) => {
  const orders = new Set<string>();
  const protocol: HoldProtocol = { recovery: 'rolls-forward', holdsExpire: false };
  assertHolds(t, holdProtocol(protocol), ({ order, payment }) => orders.add(`${order} ${payment}`));
  assert.ok(orders.has('Paid captured'));
});
