import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseAmount, parseQuantity } from '#contracts/amounts.ts';
import { parseItem } from '../cli/terminal/items.ts';
import { textsIn } from '../cli/texts/messages.ts';
import { account } from '../console/texts/account.ts';
import { customer } from '../console/texts/customer.ts';
import { ledger } from '../console/texts/ledger.ts';
import { operator } from '../console/texts/operator.ts';
import { operatorWallet } from '../console/texts/operator-wallet.ts';

// Every example amount in an error text is itself valid input, in every currency. The advice about amounts
// itself is tested with its module, contracts/amounts.test.ts.

const CURRENCIES = ['RUB', 'JPY', 'KWD', 'HUF'];
const LANGUAGES = ['ru', 'en'] as const;

test('the limits of a quantity can be typed as they are written', () => {
  for (const language of LANGUAGES) {
    const texts = [
      customer[language].newOrder.quantityViolation,
      textsIn(language)('item-quantity'),
    ];
    for (const text of texts) {
      const numbers = text.match(/\d[\d\u00a0\u202f ,]*\d|\d/g) ?? [];
      assert.deepEqual(numbers.map(parseQuantity), [1, 10_000], text);
    }
  }
});

test('the examples of the command line are read in every currency', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  for (const language of LANGUAGES) {
    const say = textsIn(language);
    const [amount = ''] = say('argAmount').match(/\d+/) ?? [];
    const items = [say('argItem'), say('tour')].flatMap((text) =>
      [...text.matchAll(/"([^"]+@[^"]+)"/g)].map((match) => match[1] as string),
    );
    assert.equal(items.length, 3);
    for (const currency of CURRENCIES) {
      assert.equal(typeof parseAmount(amount, currency, 1), 'number', amount);
      for (const item of items) assert.equal(typeof parseItem(item, currency), 'object', item);
    }
  }
  const shown = [...readme.matchAll(/orderbell -- order (.*)#/g)].flatMap(([, words = '']) =>
    [...words.matchAll(/"([^"]+)"/g)].map((match) => match[1] as string),
  );
  assert.ok(shown.length >= 2);
  for (const item of shown) assert.equal(typeof parseItem(item, 'RUB'), 'object', item);
});

test('no other text of the console names an amount as an example', () => {
  const texts = JSON.stringify([account, customer, ledger, operator, operatorWallet]);
  assert.doesNotMatch(texts, /\d[.,]\d\d\b/);
});
