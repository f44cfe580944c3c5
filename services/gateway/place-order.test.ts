import assert from 'node:assert/strict';
import { test } from 'node:test';
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

/** Neighbours that give these answers; a step without one must not be asked. */
function neighbours(
  created: Order | 'key-reused' | null,
  decision?: Decision | null,
  recorded?: Order | null,
) {
  const calls: unknown[][] = [];
  const step =
    <T>(name: string, answer: T | undefined) =>
    async (...given: unknown[]): Promise<T> => {
      calls.push([name, ...given]);
      if (answer === undefined) throw new Error(`${name} was asked`);
      return answer;
    };
  const deps: PlaceOrderDeps = {
    createOrder: step('create', created),
    decidePayment: step('decide', decision),
    recordPayment: step('record', recorded),
  };
  return { deps, calls };
}

type Given = Parameters<typeof neighbours>;

const outcomes: [name: string, given: Given, outcome: Outcome][] = [
  ['captured: paid', [PENDING, captured, PAID], { kind: 'paid', order: PAID }],
  ['declined', [PENDING, declined, DECLINED], { kind: 'declined', order: DECLINED, shortage }],
  ['voided by recovery', [PENDING, voided, VOIDED], { kind: 'voided', order: VOIDED }],
  ['no word of the order: unknown', [null], { kind: 'unknown' }],
  ['no decision in time: pending', [PENDING, null], { kind: 'pending', order: PENDING }],
  [
    'the decision is not recorded in time: pending, whatever it was',
    [PENDING, declined, null],
    { kind: 'pending', order: PENDING },
  ],
  [
    'captured, not recorded: pending',
    [PENDING, captured, null],
    { kind: 'pending', order: PENDING },
  ],
  ['the key of another order', ['key-reused'], { kind: 'key-reused' }],
  ['repeated when paid: neither decided nor recorded again', [PAID], { kind: 'paid', order: PAID }],
  ['repeated when voided', [VOIDED], { kind: 'voided', order: VOIDED }],
  [
    'repeated when declined: the shortage is asked for again, nothing recorded',
    [DECLINED, declined],
    { kind: 'declined', order: DECLINED, shortage },
  ],
  [
    'repeated when declined, without an answer: unknown, since the order is not pending',
    [DECLINED, null],
    { kind: 'unknown' },
  ],
];

for (const [name, given, outcome] of outcomes) {
  test(name, async () => {
    const { deps } = neighbours(...given);
    assert.deepEqual(await placeOrder(deps, REQUEST), outcome);
  });
}

test('each step gets what the former one answered', async () => {
  const { deps, calls } = neighbours(PENDING, captured, PAID);
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
  const { deps } = neighbours(PENDING, captured, PAID);
  for (const broken of [{ createOrder: fail }, { decidePayment: fail }, { recordPayment: fail }]) {
    await assert.rejects(placeOrder({ ...deps, ...broken }, REQUEST), defect);
  }
});
