import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvOf, moneyCell, plainAmount } from '../../console/model/csv.ts';

test('a table is CSV as RFC 4180 says, marked as UTF-8', () => {
  const text = csvOf(
    ['№', 'name'],
    [
      ['7K3QX-0M2RT', 'a, "b"'],
      [null, 'two\nlines'],
    ],
    'en',
  );
  assert.equal(text, '\ufeff№,name\r\n7K3QX-0M2RT,"a, ""b"""\r\n,"two\nlines"\r\n');
});

test('in Russian a semicolon separates cells, and amounts have a comma', () => {
  const amount = moneyCell({ amount: -123_450, currency: 'RUB' });
  const row = ['Чай; 1,5 кг', amount, '1.5'];
  assert.equal(
    csvOf(['a', 'b', 'c'], [row], 'ru'),
    '\ufeffa;b;c\r\n"Чай; 1,5 кг";-1234,50;1.5\r\n',
  );
  assert.equal(
    csvOf(['a', 'b', 'c'], [row], 'en'),
    '\ufeffa,b,c\r\n"Чай; 1,5 кг",-1234.50,1.5\r\n',
  );
});

test('no cell is a formula, and numbers stay numbers', () => {
  const cells = ['=1+1', '+7', '-x', '@SUM(A1)', '\t=1', '-12.50', '12', 'a=b', -3];
  const [line] = csvOf(['h'], [cells], 'en').split('\r\n').slice(1);
  assert.equal(line, "'=1+1,'+7,'-x,'@SUM(A1),'\t=1,-12.50,12,a=b,-3");
});

test('amounts are in major units with a point, for every number of decimals', () => {
  assert.equal(plainAmount(123_450, 2), '1234.50');
  assert.equal(plainAmount(-5, 2), '-0.05');
  assert.equal(plainAmount(0, 3), '0.000');
  assert.equal(plainAmount(-700, 0), '-700');
});
