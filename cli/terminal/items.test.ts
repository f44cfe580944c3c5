import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ItemViolation, parseItem, readingsOf } from './items.ts';
import { argumentOf, formatMoney } from './screen.ts';

const items: [text: string, name: string, quantity: number, amount: number][] = [
  ['Книга@300', 'Книга', 1, 30_000],
  ['Книга:2@300', 'Книга', 2, 30_000],
  ['Чай@100.50', 'Чай', 1, 10_050],
  ['Чай@100,5', 'Чай', 1, 10_050],
  ['Чай:3 @ 0.01 ', 'Чай', 3, 1],
  ['Чай@1 000,50', 'Чай', 1, 100_050],
  ['Чай@1,000', 'Чай', 1, 100_000],
  ['Подарок@0', 'Подарок', 1, 0],
  ['Книга: том второй@5', 'Книга: том второй', 1, 500],
  ['anna@home:2@7.00', 'anna@home', 2, 700],
  ['anna@example.com@7', 'anna@example.com', 1, 700],
  ['10:30 train@5', '10:30 train', 1, 500],
  ['a:b:2@1', 'a:b', 2, 100],
  ['Gift @ home@3', 'Gift @ home', 1, 300],
  ['Vitamin B:12@3', 'Vitamin B', 12, 300],
  ['Blade Runner: 2049:x1@3', 'Blade Runner: 2049', 1, 300],
  ['Blade Runner:x2049@3', 'Blade Runner', 2_049, 300],
  ['John 3:16:x2@3', 'John 3:16', 2, 300],
  // The Cyrillic letter, and the sign.
  ['Гвозди:х500@1', 'Гвозди', 500, 100],
  ['Гвозди :×500@1', 'Гвозди', 500, 100],
  ['x:x10000@10000000000000', 'x', 10_000, 10 ** 15],
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

const faults: [text: string, fault: ItemViolation][] = [
  ['Книга', 'no-price'],
  ['', 'no-price'],
  ['@5', 'no-name'],
  [' :2@5', 'no-name'],
  ['\u200b\u2800@5', 'no-name'],
  ['\u3164:2@5', 'no-name'],
  ['Книга@', 'price-form'],
  ['Книга@пять', 'price-form'],
  ['Книга@-5', 'price-form'],
  ['Книга@1e3', 'price-form'],
  ['Книга@1 00', 'price-form'],
  ['anna@example.com', 'price-form'],
  ['Книга@5.', 'price-form'],
  ['Книга@.5', 'price-form'],
  ['Книга@5.005', 'price-decimals'],
  ['Книга@10000000000000.01', 'price-too-large'],
  ['Книга:0@5', 'quantity'],
  ['Книга:-1@5', 'quantity'],
  ['Книга:1.5@5', 'quantity'],
  ['Книга:@5', 'quantity'],
  ['Книга:10001@5', 'quantity'],
  ['Книга:x0@5', 'quantity'],
  ['Книга:x10001@5', 'quantity'],
  ['Книга: x2.5@5', 'quantity'],
  ['Blade Runner: 2049@3', 'ambiguous'],
  ['Blade Runner:2049@3', 'ambiguous'],
  ['Чай : 3@5', 'ambiguous'],
  ['Чай: 3@5', 'ambiguous'],
  ['Train 10:30@5', 'ambiguous'],
  ['John 3:16@5', 'ambiguous'],
  ['10:30@5', 'ambiguous'],
  [`${'я'.repeat(201)}@5`, 'long-name'],
];

for (const [text, fault] of faults) {
  test(`the item "${text.slice(0, 30)}" is refused: ${fault}`, () => {
    assert.equal(parseItem(text, 'RUB'), fault);
  });
}

test('an ambiguous item is shown with one spelling per meaning, which are read so', () => {
  for (const [text, name, quantity] of [
    ['Blade Runner: 2049@3', 'Blade Runner', 2_049],
    ['Train 10:30@3', 'Train 10', 30],
    ['Чай : 3@3', 'Чай', 3],
  ] as const) {
    const [asName = '', asQuantity = '', ...more] = readingsOf(text);
    assert.deepEqual(more, []);
    const unitPrice = { amount: 300, currency: 'RUB' };
    const whole = text.slice(0, -2);
    assert.deepEqual(parseItem(asName, 'RUB'), { name: whole, quantity: 1, unitPrice });
    assert.deepEqual(parseItem(asQuantity, 'RUB'), { name, quantity, unitPrice });
  }
});

test('amounts are written exactly, as the language writes them', () => {
  assert.equal(argumentOf({ amount: 5, currency: 'RUB' }), '0.05');
  assert.equal(argumentOf({ amount: -20_055, currency: 'RUB' }), '-200.55');
  assert.equal(argumentOf({ amount: 1_234, currency: 'KWD' }), '1.234');
  assert.equal(argumentOf({ amount: 100, currency: 'JPY' }), '100');
  const most = { amount: 9 * 10 ** 15 - 1, currency: 'RUB' };
  assert.equal(formatMoney(most, 'en'), '₽89,999,999,999,999.99');
  assert.equal(formatMoney(most, 'ru').replace(/\s/g, ' '), '89 999 999 999 999,99 ₽');
});
