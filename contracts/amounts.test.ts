import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AmountViolation,
  amountAdvice,
  amountExamples,
  parseAmount,
  parseQuantity,
} from './amounts.ts';
import { AMOUNT_MAX, moneyFormat } from './currency.ts';

const CURRENCIES = ['RUB', 'JPY', 'KWD', 'HUF', 'CLF'];

/** The parsed amount of a text, in a currency of 2, 0 and 3 digits. */
const texts: [text: string, rub: Read, jpy: Read, kwd: Read][] = [
  ['1000', 100_000, 1_000, 1_000_000],
  ['1000.5', 100_050, 'decimals', 1_000_500],
  ['1000,5', 100_050, 'decimals', 1_000_500],
  ['1 000,50', 100_050, 'decimals', 1_000_500],
  ['1,000.50', 100_050, 'decimals', 1_000_500],
  ['1\u00a0000', 100_000, 1_000, 1_000_000],
  ['1\u202f000\u202f000', 100_000_000, 1_000_000, 1_000_000_000],
  ['1\u2009000,5', 100_050, 'decimals', 1_000_500],
  ["1'000", 100_000, 1_000, 1_000_000],
  ['1’000.5', 100_050, 'decimals', 1_000_500],
  [' 5\t', 500, 5, 5_000],
  ['007', 700, 7, 7_000],
  ['0', 0, 0, 0],
  // One comma before three digits.
  ['1,000', 100_000, 1_000, 'ambiguous'],
  ['0,500', 'decimals', 'decimals', 'ambiguous'],
  ['1000,500', 'decimals', 'decimals', 'ambiguous'],
  ['1,000,000', 100_000_000, 1_000_000, 1_000_000_000],
  ['1 000,500', 'decimals', 'decimals', 1_000_500],
  // The point is never between thousands.
  ['1.000', 'decimals', 'decimals', 1_000],
  ['1.000,50', 'form', 'form', 'form'],
  ['1.000.000', 'form', 'form', 'form'],
  // Groups that are not well formed.
  ['1,00,000', 'form', 'form', 'form'],
  ['1,000,50', 'form', 'form', 'form'],
  ['10 00', 'form', 'form', 'form'],
  ['1 00', 'form', 'form', 'form'],
  ['0 500', 'form', 'form', 'form'],
  ['1000 000', 'form', 'form', 'form'],
  ['1 000,000', 'decimals', 'decimals', 1_000_000],
  ['1 000\u00a0000', 'form', 'form', 'form'],
  ['1  000', 'form', 'form', 'form'],
  // No numbers.
  ['', 'form', 'form', 'form'],
  [' ', 'form', 'form', 'form'],
  ['5.', 'form', 'form', 'form'],
  ['.5', 'form', 'form', 'form'],
  ['5..0', 'form', 'form', 'form'],
  ['-5', 'form', 'form', 'form'],
  ['\u22125', 'form', 'form', 'form'],
  ['+5', 'form', 'form', 'form'],
  ['1e3', 'form', 'form', 'form'],
  ['0x10', 'form', 'form', 'form'],
  ['\uff11\uff10', 'form', 'form', 'form'],
  ['\u0661\u0660', 'form', 'form', 'form'],
  ['5 ₽', 'form', 'form', 'form'],
  ['5\n6', 'form', 'form', 'form'],
  ['9'.repeat(41), 'form', 'form', 'form'],
  ['9'.repeat(40), 'too-large', 'too-large', 'too-large'],
];
type Read = number | AmountViolation;

for (const [text, ...reads] of texts) {
  test(`the amount ${JSON.stringify(text.slice(0, 20))} is never off by a factor`, () => {
    assert.deepEqual(
      ['RUB', 'JPY', 'KWD'].map((currency) => parseAmount(text, currency)),
      reads,
    );
  });
}

test('an amount has the limits of the contract', () => {
  assert.equal(parseAmount('10 000 000 000 000', 'RUB'), AMOUNT_MAX);
  assert.equal(parseAmount('10000000000000.01', 'RUB'), 'too-large');
  assert.equal(parseAmount('1000000000000000', 'JPY'), AMOUNT_MAX);
  assert.equal(parseAmount('0', 'RUB', 1), 'zero');
  assert.equal(parseAmount('0.00', 'RUB', 1), 'zero');
  assert.equal(parseAmount('0.01', 'RUB', 1), 1);
  // In doubles 4.35 * 100 is 434.99999999999994.
  assert.equal(parseAmount('4.35', 'RUB'), 435);
  assert.equal(parseAmount('9007199254740.93', 'RUB'), 900_719_925_474_093);
  assert.equal(parseAmount('5', 'XYZ'), 'currency');
});

test('a quantity is a whole number; its groups count as in amounts', () => {
  for (const [text, quantity] of [
    ['1', 1],
    [' 12 ', 12],
    ['10 000', 10_000],
    ['10,000', 10_000],
    ['10\u00a0000', 10_000],
  ] as const) {
    assert.equal(parseQuantity(text), quantity);
  }
  for (const text of ['', '0', '-1', '1.5', '1,5', '1.0', '1 0', '1.000', '10001', '１', '2e3']) {
    assert.equal(parseQuantity(text), null, text);
  }
});

/** Everything in a text that looks like a number. */
const numbersIn = (text: string) => text.match(/\d(?:[\d\u00a0\u202f .,]*\d)?/g) ?? [];

test('no advice about an amount names a spelling that is refused', () => {
  const violations = ['form', 'decimals', 'ambiguous', 'too-large', 'zero'] as const;
  let seen = 0;
  for (const currency of CURRENCIES) {
    for (const language of ['ru', 'en'] as const) {
      for (const example of amountExamples(currency, language)) {
        assert.equal(typeof parseAmount(example, currency, 1), 'number', example);
      }
      for (const violation of violations) {
        const advice = amountAdvice(violation, { text: '1,000', currency, language });
        // How many decimals there are is no example.
        const examples = numbersIn(advice.replace(/(не больше|has) \d,/, ''));
        if (violation === 'ambiguous' && !['KWD', 'CLF'].includes(currency)) continue;
        for (const example of examples) {
          const amount = parseAmount(example, currency, 1);
          assert.equal(typeof amount, 'number', `${currency}: ${advice}`);
          seen++;
        }
      }
    }
  }
  assert.ok(seen > 50, `${seen}`);
});

test('the advice for an ambiguous comma shows both spellings, or the only one', () => {
  const advice = (text: string, language: 'ru' | 'en') =>
    amountAdvice('ambiguous', { text, currency: 'KWD', language });
  assert.match(advice('1,000', 'ru'), /введите 1000 или 1\.000\.$/);
  assert.match(advice(' 1,000', 'en'), /Enter 1000 or 1\.000\.$/);
  assert.match(advice('0,500', 'en'), /Enter 0\.500\.$/);
  assert.match(advice('1000,500', 'ru'), /введите 1000\.500\.$/);
});

test('what the screen shows can be typed in again, unless it is ambiguous', () => {
  for (const currency of CURRENCIES) {
    for (const locale of ['ru-RU', 'en-GB']) {
      const format = moneyFormat(locale, currency, { currencyDisplay: 'code' });
      for (const amount of [0, 1, 12_345, 123_456_789, AMOUNT_MAX]) {
        const typed = format(amount)
          .replace(currency, '')
          .replace(/^\s+|\s+$/g, '');
        const read = parseAmount(typed, currency);
        assert.ok(read === amount || read === 'ambiguous', `${typed} ${currency}: ${read}`);
      }
    }
  }
});
