import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeptDecision, Shortage } from '#contracts/billing.ts';
import type { Order } from '#contracts/orders.ts';
import { type Decision, type Outcome, type PlaceOrderDeps, placeOrder } from './place-order.ts';

const rub = (amount: number) => ({ amount, currency: 'RUB' });
const OPERATION = '00000000-0000-7000-8000-00000000000b';

const PENDING: Order = {
  id: '00000000-0000-7000-8000-00000000000a',
  customerId: 'anna',
  status: 'Pending',
  statusReason: null,
  items: [{ name: 'A', quantity: 1, unitPrice: rub(100) }],
  total: rub(100),
  payment: null,
  version: 1,
  createdAt: '2026-03-05T09:07:00Z',
  updatedAt: '2026-03-05T09:07:00Z',
};
const ended = (change: Partial<Order>): Order => ({ ...PENDING, version: 2, ...change });
const PAID = ended({ status: 'Paid', payment: { operationId: OPERATION } });
const DECLINED = ended({ status: 'Cancelled', statusReason: 'insufficient-funds' });
const VOIDED = ended({ status: 'Cancelled', statusReason: 'voided' });

const shortage = { balance: rub(40), required: rub(100), shortfall: rub(60) };
const captured: Decision = { decision: 'captured', operationId: OPERATION };
const declined: Decision = { decision: 'declined', shortage };
const voided: Decision = { decision: 'voided' };

const REQUEST = { customerId: 'anna', idempotencyKey: 'key', items: PENDING.items };

const kept = (
  decision: Decision['decision'],
  change: Partial<KeptDecision> = {},
): KeptDecision => ({
  orderId: PENDING.id,
  decision,
  decidedAt: PENDING.createdAt,
  amount: rub(100),
  balanceSeen: rub(40),
  operation: null,
  ...change,
});

interface Given {
  created: Order | 'key-reused' | null;
  decided?: Decision | null;
  kept?: KeptDecision | 'none' | null;
  recorded?: Order | null;
}

/** Services that give these answers; a step without one must not be asked. */
function services(given: Given) {
  const calls: unknown[][] = [];
  const alarms: string[] = [];
  const step =
    <T>(name: string, answer: T | undefined) =>
    async (...asked: unknown[]): Promise<T> => {
      calls.push([name, ...asked]);
      if (answer === undefined) throw new Error(`${name} was asked`);
      return answer;
    };
  const deps: PlaceOrderDeps = {
    createOrder: step('create', given.created),
    decidePayment: step('decide', given.decided),
    findDecision: step('find', given.kept),
    recordPayment: step('record', given.recorded),
    onAlarm: (message) => alarms.push(message),
  };
  return { deps, calls, alarms };
}

const answer = (order: Order, lacked: Shortage | null = null): Outcome => ({
  kind: 'order',
  order,
  shortage: lacked,
});

const outcomes: [name: string, given: Given, outcome: Outcome, alarm?: RegExp][] = [
  ['captured: paid', { created: PENDING, decided: captured, recorded: PAID }, answer(PAID)],
  [
    'declined',
    { created: PENDING, decided: declined, recorded: DECLINED },
    answer(DECLINED, shortage),
  ],
  [
    'declined, and the balance of that moment is not kept',
    { created: PENDING, decided: { decision: 'declined', shortage: null }, recorded: DECLINED },
    answer(DECLINED),
  ],
  ['voided by recovery', { created: PENDING, decided: voided, recorded: VOIDED }, answer(VOIDED)],
  ['no word of the order: unknown', { created: null }, { kind: 'unknown' }],
  ['no decision in time: pending', { created: PENDING, decided: null }, answer(PENDING)],
  [
    'the decision is not recorded in time: pending, after either decision',
    { created: PENDING, decided: declined, recorded: null },
    answer(PENDING),
  ],
  [
    'captured, not recorded: pending',
    { created: PENDING, decided: captured, recorded: null },
    answer(PENDING),
  ],
  ['the key of another order', { created: 'key-reused' }, { kind: 'key-reused' }],
  ['repeated when paid: billing is not asked', { created: PAID }, answer(PAID)],
  ['repeated when voided: billing is not asked', { created: VOIDED }, answer(VOIDED)],
  [
    'repeated when declined: the decision is read, nothing decided or recorded',
    { created: DECLINED, kept: kept('declined') },
    answer(DECLINED, shortage),
  ],
  [
    'repeated when declined, without an answer: unknown, since the order is not pending',
    { created: DECLINED, kept: null },
    { kind: 'unknown' },
  ],
  [
    'repeated when declined, recorded again without its balance',
    { created: DECLINED, kept: kept('declined', { balanceSeen: null }) },
    answer(DECLINED),
  ],
  [
    'repeated when declined, and billing has lost the decision: still declined',
    { created: DECLINED, kept: 'none' },
    answer(DECLINED),
    /Cancelled \(insufficient-funds\), but its decision is missing/,
  ],
  [
    'repeated when declined, and billing says that it was paid: still declined',
    { created: DECLINED, kept: kept('captured') },
    answer(DECLINED),
    /Cancelled \(insufficient-funds\), but its decision is captured/,
  ],
  [
    'repeated when declined, and billing declined another amount: no balance is made up',
    { created: DECLINED, kept: kept('declined', { amount: rub(101) }) },
    answer(DECLINED),
    /but its decision is declined for 101/,
  ],
  [
    'captured, but the order has ended as voided: the order counts',
    { created: PENDING, decided: captured, recorded: VOIDED },
    answer(VOIDED),
    /Cancelled \(voided\), but its decision is captured/,
  ],
  [
    'declined, but the order has ended as paid: the order counts',
    { created: PENDING, decided: declined, recorded: PAID },
    answer(PAID),
    /Paid, but its decision is declined/,
  ],
  [
    'captured, but the order was paid by another operation: the order counts',
    { created: PENDING, decided: { ...captured, operationId: PENDING.id }, recorded: PAID },
    answer(PAID),
    /Paid, but its decision is captured/,
  ],
  [
    'voided, but the order has ended as declined: its own decision is read',
    { created: PENDING, decided: voided, recorded: DECLINED, kept: kept('voided') },
    answer(DECLINED),
    /Cancelled \(insufficient-funds\), but its decision is voided/,
  ],
];

for (const [name, given, outcome, alarm] of outcomes) {
  test(name, async () => {
    const { deps, alarms } = services(given);
    assert.deepEqual(await placeOrder(deps, REQUEST), outcome);
    assert.equal(alarms.length > 0, alarm !== undefined, alarms.join());
    if (alarm !== undefined) assert.match(alarms[0] as string, alarm);
  });
}

test('each step gets what the former one answered', async () => {
  const { deps, calls } = services({ created: PENDING, decided: captured, recorded: PAID });
  await placeOrder(deps, REQUEST);
  assert.deepEqual(calls, [
    ['create', REQUEST],
    ['decide', PENDING],
    ['record', PENDING, captured],
  ]);
});

test('a step that breaks is not taken for an answer', async () => {
  const defect = new Error('defect');
  const fail = () => Promise.reject(defect);
  const { deps } = services({ created: PENDING, decided: captured, recorded: PAID });
  for (const broken of [{ createOrder: fail }, { decidePayment: fail }, { recordPayment: fail }]) {
    await assert.rejects(placeOrder({ ...deps, ...broken }, REQUEST), defect);
  }
});
