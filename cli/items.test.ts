import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ItemFault, parseItem } from './items.ts';
import { decimalOf, formatMoney, parseAmount } from './money.ts';

const items: [text: string, name: string, quantity: number, amount: number][] = [
  ['Книга@300', 'Книга', 1, 30_000],
  ['Книга:2@300', 'Книга', 2, 30_000],
  ['Чай@100.50', 'Чай', 1, 10_050],
  ['Чай@100,5', 'Чай', 1, 10_050],
  ['Чай : 3 @ 0.01 ', 'Чай', 3, 1],
  ['Подарок@0', 'Подарок', 1, 0],
  ['Книга: том второй@5', 'Книга: том второй', 1, 500],
  ['Книга: том 2:4@5', 'Книга: том 2', 4, 500],
  ['anna@home:2@7.00', 'anna@home', 2, 700],
  ['x:10000@10000000000000', 'x', 10_000, 10 ** 15],
  // 4.35 * 100 is 434.99999999999994 in doubles.
  ['x@4.35', 'x', 1, 435],
  ['x@9007199254740.93', 'x', 1, 900_719_925_474_093],
];

for (const [text, name, quantity, amount] of items) {
  test(`the item "${text}" is read exactly`, () => {
    const unitPrice = { amount, currency: 'RUB' };
    assert.deepEqual(parseItem(text, 'RUB'), { name, quantity, unitPrice });
  });
}

const faults: [text: string, fault: ItemFault][] = [
  ['Книга', 'no-price'],
  ['', 'no-price'],
  ['@5', 'no-name'],
  [' :2@5', 'no-name'],
  ['Книга@', 'price-form'],
  ['Книга@пять', 'price-form'],
  ['Книга@-5', 'price-form'],
  ['Книга@1e3', 'price-form'],
  ['Книга@1 000', 'price-form'],
  ['Книга@5.', 'price-form'],
  ['Книга@.5', 'price-form'],
  ['Книга@5.005', 'price-decimals'],
  ['Книга@10000000000000.01', 'price-too-large'],
  ['Книга:0@5', 'quantity'],
  ['Книга:-1@5', 'quantity'],
  ['Книга:1.5@5', 'quantity'],
  ['Книга:@5', 'quantity'],
  ['Книга:10001@5', 'quantity'],
  [`${'я'.repeat(201)}@5`, 'long-name'],
];

for (const [text, fault] of faults) {
  test(`the item "${text.slice(0, 30)}" is refused: ${fault}`, () => {
    assert.equal(parseItem(text, 'RUB'), fault);
  });
}

test('an amount has as many decimals as its currency', () => {
  assert.equal(parseAmount('100', 'JPY'), 100);
  assert.equal(parseAmount('100.5', 'JPY'), 'decimals');
  assert.equal(parseAmount('1.234', 'KWD'), 1_234);
  assert.equal(decimalOf({ amount: 1_234, currency: 'KWD' }), '1.234');
  assert.equal(decimalOf({ amount: 100, currency: 'JPY' }), '100');
});

test('amounts are written exactly, as the language writes them', () => {
  assert.equal(decimalOf({ amount: 5, currency: 'RUB' }), '0.05');
  assert.equal(decimalOf({ amount: -20_055, currency: 'RUB' }), '-200.55');
  const most = { amount: 9 * 10 ** 15 - 1, currency: 'RUB' };
  assert.equal(formatMoney(most, 'en'), '₽89,999,999,999,999.99');
  assert.equal(formatMoney(most, 'ru').replace(/\s/g, ' '), '89 999 999 999 999,99 ₽');
});
