import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Violation } from '#platform/errors.ts';
import { currencyViolations, orderViolations } from './validate-order.ts';

const item = (amount: unknown, quantity: unknown = 1, currency: unknown = 'RUB') => ({
  name: 'A',
  quantity,
  unitPrice: { amount, currency },
});
const MAX = 10 ** 15;
const TOTAL: Violation = { pointer: '/items', rule: 'total', expected: '1…10^15' };
const foreign = (index: number): Violation => ({
  pointer: `/items/${index}/unitPrice/currency`,
  rule: 'const',
  expected: 'RUB',
});

const cases: [name: string, items: unknown, violations: Violation[]][] = [
  ['a total of 1', [item(1)], []],
  ['a total of 10^15', [item(MAX / 10_000, 10_000)], []],
  ['a gift and a price', [item(0), item(1)], []],
  ['gifts alone', [item(0), item(0, 5)], [TOTAL]],
  ['one more than 10^15', [item(MAX), item(1)], [TOTAL]],
  ['a line beyond 2^53', [item(MAX, 10_000)], [TOTAL]],
  ['a sum beyond 2^53', Array(100).fill(item(MAX)), [TOTAL]],
  [
    'foreign currencies, each of them',
    [item(1, 1, 'USD'), item(1), item(1, 1, 'EUR')],
    [foreign(0), foreign(2)],
  ],
  ['a foreign currency alone, though the total is 0', [item(0, 1, 'USD')], [foreign(0)]],
  // Input that the schema refuses is not reported for its total as well.
  ['a price that is no number', [item('1')], []],
  ['a price that was not exact', [item(Number.NaN)], []],
  ['a negative price', [item(-1)], []],
  ['a price beyond the limit', [item(MAX + 1)], []],
  ['a fraction', [item(1.5)], []],
  ['quantity 0', [item(1, 0)], []],
  ['a currency that is no text', [item(1, 1, 5)], []],
  ['items that are none', [null, 5, 'x', [], {}, { unitPrice: null }, { unitPrice: 5 }], []],
];

for (const [name, items, faults] of cases) {
  test(name, () => {
    assert.deepEqual(orderViolations({ items }, 'RUB'), faults);
  });
}

test('a body of any shape is looked at without harm', () => {
  for (const body of [undefined, null, 5, 'x', [], {}, { items: null }, { items: [] }]) {
    assert.deepEqual(orderViolations(body, 'RUB'), []);
  }
});

test('money in the own currency, or without one, is not foreign', () => {
  for (const money of [undefined, null, 5, {}, { currency: null }, { currency: 'RUB' }]) {
    assert.deepEqual(currencyViolations(money, '/amount', 'RUB'), []);
  }
  assert.deepEqual(currencyViolations({ currency: 'rub' }, '/amount', 'RUB'), [
    { pointer: '/amount/currency', rule: 'const', expected: 'RUB' },
  ]);
});
