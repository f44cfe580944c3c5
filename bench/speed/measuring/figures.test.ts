import assert from 'node:assert/strict';
import { test } from 'node:test';
import { medianOf, percentilesOf } from '#harness/percentiles.ts';
import { plainStatements } from '../baseline/plain-tables.ts';
import { baselineStatements, numbered, pgbenchScript } from '../baseline/statements.ts';
import { withLetters } from './measure.ts';

test('a percentile is the smallest time that so many of all do not exceed', () => {
  const thousand = Array.from({ length: 1_000 }, (_, index) => 1_000 - index);
  assert.deepEqual(percentilesOf(thousand), { p50: 500, p99: 990, p999: 999, max: 1_000 });
  assert.deepEqual(percentilesOf([3]), { p50: 3, p99: 3, p999: 3, max: 3 });
  assert.deepEqual(percentilesOf([1, 2]), { p50: 1, p99: 2, p999: 2, max: 2 });
  // One slow answer of a hundred is not yet the 99th percentile; two are.
  const hundred = Array.from({ length: 100 }, (_, index) => (index < 99 ? 1 : 50));
  assert.equal(percentilesOf(hundred).p99, 1);
  assert.equal(percentilesOf([...hundred.slice(1), 50]).p99, 50);
});

test('of nothing measured there is no percentile', () => {
  assert.ok(Object.values(percentilesOf([])).every(Number.isNaN));
});

test('times are ordered as numbers', () => {
  assert.equal(percentilesOf([9, 10, 100]).p50, 10);
  assert.equal(medianOf([100, 9, 10]), 10);
  assert.equal(medianOf([4, 100, 2, 3]), 3.5);
});

test('letters that are sent within 2 s of the load cost no throughput, later ones their time', () => {
  assert.equal(withLetters({ orders: 1_000, loadSeconds: 10, drainSeconds: 0.1 }), 100);
  assert.equal(withLetters({ orders: 1_000, loadSeconds: 10, drainSeconds: 2 }), 100);
  assert.equal(withLetters({ orders: 1_000, loadSeconds: 10, drainSeconds: 10 }), 50);
});

test('both baselines ask pgbench and plain connections the same', () => {
  assert.deepEqual(numbered('select :wallet::text, :order_id, :wallet || :order_id::uuid'), {
    text: 'select $1::text, $2, $1 || $2::uuid',
    names: ['wallet', 'order_id'],
  });
  for (const statements of [baselineStatements, plainStatements]) {
    const script = pgbenchScript(statements);
    for (const { prefix, text } of statements) {
      const end = prefix === undefined ? ';' : ` \\gset ${prefix}`;
      assert.ok(script.includes(`${text}${end}\n`));
      // A colon in a text would be a name for pgbench.
      for (const [literal] of text.matchAll(/'[^']*'/g)) assert.doesNotMatch(literal, /:\w/);
    }
  }
});
