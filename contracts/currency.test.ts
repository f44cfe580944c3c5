import assert from 'node:assert/strict';
import { test } from 'node:test';
import { currencyCodes, currencySettingFault, minorUnitDigits, moneyFormat } from './currency.ts';

const DIGITS: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2: 'RUB USD EUR HUF AFN ALL LAK MMK IDR COP IRR KPW LBP MGA PKR SOS SYP YER ZWG XCG VED XAD',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

for (const [digits, codes] of Object.entries(DIGITS)) {
  test(`currencies with ${digits} digits after the point`, () => {
    for (const code of codes.split(' ')) assert.equal(minorUnitDigits(code), Number(digits), code);
  });
}

test('the table has the codes of ISO 4217 that have a minor unit, each once', () => {
  assert.equal(currencyCodes.length, 165);
  assert.equal(new Set(currencyCodes).size, 165);
  for (const code of currencyCodes) assert.match(code, /^[A-Z]{3}$/);
  for (const code of ['XXX', 'XTS', 'XAU', 'XDR', 'BGN', 'HRK', 'ZWL', 'ANG', 'ABC', 'rub', '']) {
    assert.equal(minorUnitDigits(code), undefined, code);
  }
});

test('a setting that is no such code is refused; a code is named, another text may be a secret', () => {
  assert.equal(currencySettingFault('JPY'), null);
  assert.match(currencySettingFault('XYZ') ?? '', /ISO 4217.*not XYZ$/);
  assert.match(currencySettingFault('rub') ?? '', /not rub$/);
  assert.doesNotMatch(currencySettingFault('hunter 2') ?? 'hunter', /hunter/);
});

test('money is shown with the digits of our table, even where Intl has others', () => {
  const shown = (amount: number, currency: string, locale = 'en') =>
    moneyFormat(locale, currency, { currencyDisplay: 'code' })(amount).replaceAll('\u00a0', ' ');
  assert.equal(shown(99_900, 'HUF'), 'HUF 999.00');
  assert.equal(shown(99_900, 'IQD'), 'IQD 99.900');
  assert.equal(shown(99_900, 'JPY'), 'JPY 99,900');
  assert.equal(shown(99_900, 'CLF'), 'CLF 9.9900');
  assert.equal(shown(-1, 'LAK'), '-LAK 0.01');
  assert.equal(shown(10 ** 15, 'RUB', 'ru'), '10 000 000 000 000,00 RUB');
});

test('of an unknown code the bare minor units are shown: no point at a guessed place', () => {
  assert.equal(moneyFormat('en-GB', 'ABC')(99_900), '99900 ABC (minor units)');
  assert.equal(moneyFormat('ru-RU', 'ABC')(99_900), '99900 ABC (минимальных единиц)');
});
