import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvCell, csvHead, csvLine } from './csv.ts';

test('cells are quoted where RFC 4180 asks for it', () => {
  const columns: Parameters<typeof csvLine<string[]>>[0] = [
    ['name', ([name]) => name],
    ['price', ([, price]) => price],
  ];
  assert.equal(csvHead(columns), 'name,price');
  assert.equal(csvLine(columns, ['Tea, "green"', '5.00']), '"Tea, ""green""",5.00');
  assert.equal(csvCell('two\nlines'), '"two\nlines"');
  assert.deepEqual(
    [csvCell(null), csvCell(undefined), csvCell(0), csvCell(false)],
    ['', '', '0', 'false'],
  );
});

test('a spreadsheet computes no cell, and amounts stay numbers', () => {
  for (const text of ['=1+1', '+7 900', '@SUM(A1)', '-2+3', '\t=1', '＝1+1']) {
    assert.ok(csvCell(text).replace(/^"/, '').startsWith("'"), text);
  }
  assert.equal(csvCell('=HYPERLINK("http://a")'), `"'=HYPERLINK(""http://a"")"`);
  assert.deepEqual([csvCell('-5.00'), csvCell(-5), csvCell('-')], ['-5.00', '-5', "'-"]);
});
