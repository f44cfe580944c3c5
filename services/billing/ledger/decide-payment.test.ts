import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { decidedOf } from '#harness/system/billing.ts';
import { type DecisionResult, decide, type PaymentCommand } from './decide-payment.ts';
import type { WalletRow } from './store.ts';

const FIRST = randomUUID();
const SECOND = randomUUID();
const THIRD = randomUUID();

function wish(
  orderId: string,
  amount: number,
  changes: Partial<PaymentCommand> = {},
): PaymentCommand {
  return { kind: 'pay', orderId, customerId: 'anna', amount, currency: 'RUB', ...changes };
}

function wallets(balances: Record<string, number>, operationCount = 0): Map<string, WalletRow> {
  return new Map(
    Object.entries(balances).map(([customerId, balance]) => [
      customerId,
      { customerId, currency: 'RUB', balance, operationCount },
    ]),
  );
}

const decisionsOf = ({ decided }: ReturnType<typeof decide>) =>
  decidedOf(decided).map(({ payment, fresh }) => [payment.decision, fresh]);

test('the exact balance pays, one unit more does not', () => {
  const exact = decide([wish(FIRST, 100)], wallets({ anna: 100 }), []);
  assert.deepEqual(decisionsOf(exact), [['captured', true]]);
  assert.deepEqual(exact.wallets, [
    { customerId: 'anna', currency: 'RUB', balance: 0, operationCount: 1 },
  ]);

  const more = decide([wish(FIRST, 101)], wallets({ anna: 100 }), []);
  assert.deepEqual(decisionsOf(more), [['declined', true]]);
  const { payment } = more.decided[0] as DecisionResult;
  assert.equal(payment.balanceSeen, 100);
  assert.equal(payment.operationId, null);
  assert.deepEqual([more.operations, more.wallets], [[], []]);
});

test('orders are decided as they arrive, each with the balance that those before it left', () => {
  const {
    operations,
    payments,
    wallets: changed,
  } = decide([wish(FIRST, 60), wish(SECOND, 30), wish(THIRD, 10)], wallets({ anna: 100 }, 7), []);
  assert.deepEqual(
    operations.map(({ orderId, number, amount, balanceAfter }) => [
      orderId,
      number,
      amount,
      balanceAfter,
    ]),
    [
      [FIRST, 8, -60, 40],
      [SECOND, 9, -30, 10],
      [THIRD, 10, -10, 0],
    ],
  );
  assert.deepEqual(
    payments.map(({ balanceSeen }) => balanceSeen),
    [100, 40, 10],
  );
  assert.deepEqual(
    payments.map(({ operationId }) => operationId),
    operations.map(({ id }) => id),
  );
  assert.deepEqual(changed, [
    { customerId: 'anna', currency: 'RUB', balance: 0, operationCount: 10 },
  ]);
});

test('a large order that is declined does not decline the small one behind it', () => {
  const outcome = decide([wish(FIRST, 101), wish(SECOND, 100)], wallets({ anna: 100 }), []);
  assert.deepEqual(decisionsOf(outcome), [
    ['declined', true],
    ['captured', true],
  ]);
  assert.equal(outcome.decided[1]?.payment?.balanceSeen, 100);
});

test('I1: an order that is twice in one batch is charged once', () => {
  const outcome = decide([wish(FIRST, 40), wish(FIRST, 40)], wallets({ anna: 100 }), []);
  assert.deepEqual(decisionsOf(outcome), [
    ['captured', true],
    ['captured', false],
  ]);
  assert.equal(outcome.decided[0]?.payment, outcome.decided[1]?.payment);
  assert.equal(outcome.operations.length, 1);
  assert.equal(outcome.payments.length, 1);
});

for (const [first, second, decision, balance] of [
  ['void', 'pay', 'voided', 100],
  ['pay', 'void', 'captured', 60],
] as const) {
  test(`I2: ${first} and then ${second} in one batch: both get ${decision}`, () => {
    const outcome = decide(
      [wish(FIRST, 40, { kind: first }), wish(FIRST, 40, { kind: second })],
      wallets({ anna: 100 }),
      [],
    );
    assert.deepEqual(decisionsOf(outcome), [
      [decision, true],
      [decision, false],
    ]);
    assert.equal(outcome.wallets[0]?.balance ?? 100, balance);
    assert.equal(outcome.payments.length, 1);
  });
}

test('an earlier decision is returned and changes nothing, at any later balance', () => {
  const before = decide([wish(FIRST, 101)], wallets({ anna: 100 }), []).payments;
  const again = decide([wish(FIRST, 101)], wallets({ anna: 1_000 }), before);
  assert.deepEqual(again.decided, [{ payment: before[0], fresh: false }]);
  assert.deepEqual([again.payments, again.operations, again.wallets], [[], [], []]);
});

test('customers in one batch do not touch one another; given wallets stay as they are', () => {
  const given = wallets({ anna: 100, boris: 10, vera: 5 });
  const outcome = decide(
    [
      wish(FIRST, 50, { customerId: 'boris' }),
      wish(SECOND, 50),
      wish(THIRD, 5, { customerId: 'vera' }),
    ],
    given,
    [],
  );
  assert.deepEqual(decisionsOf(outcome), [
    ['declined', true],
    ['captured', true],
    ['captured', true],
  ]);
  assert.deepEqual(outcome.wallets, [
    { customerId: 'anna', currency: 'RUB', balance: 50, operationCount: 1 },
    { customerId: 'vera', currency: 'RUB', balance: 0, operationCount: 1 },
  ]);
  assert.deepEqual(given, wallets({ anna: 100, boris: 10, vera: 5 }));
});
