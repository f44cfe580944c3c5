import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filtersIn, queryOf } from '../../console/model/list-filters.ts';

test('the address names filters, and a list takes those that it has', () => {
  const address = { status: 'Paid', type: 'charge', min: ' ', cursor: 'x' };
  assert.deepEqual(filtersIn(address, ['status', 'min', 'max']), { status: 'Paid' });
});

test('amounts are typed in major units and asked for in minor units', () => {
  const { query, violations } = queryOf({ min: '1 000,50', max: '2000' }, 'RUB');
  assert.deepEqual([query, violations], [{ minAmount: '100050', maxAmount: '200000' }, {}]);
  assert.deepEqual(queryOf({ min: '1,000' }, 'KWD').violations, { min: 'ambiguous' });
  assert.deepEqual(queryOf({ max: 'much' }, 'RUB'), { query: {}, violations: { max: 'form' } });
  assert.equal(queryOf({ min: '7' }, 'JPY').query.minAmount, '7');
});

test('days are local, and the last day is included', () => {
  const { query } = queryOf({ from: '2026-12-31', until: '2026-12-31' }, 'RUB');
  assert.equal(query.from, new Date(2026, 11, 31).toISOString());
  assert.equal(query.until, new Date(2027, 0, 1).toISOString());
  for (const from of ['yesterday', '2026-02-31', '2026-13-01']) {
    assert.deepEqual(queryOf({ from }, 'RUB').query, {}, from);
  }
});

test('a range that ends before it begins is a fault of its end', () => {
  assert.deepEqual(queryOf({ min: '500', max: '99,50' }, 'RUB').violations, { max: 'range' });
  assert.deepEqual(queryOf({ min: '9', max: '10' }, 'RUB').violations, {});
  assert.deepEqual(queryOf({ min: '10', max: '10' }, 'RUB').violations, {});
  const days = (from: string, until: string) => queryOf({ from, until }, 'RUB').violations;
  assert.deepEqual(days('2027-01-01', '2026-12-31'), { until: 'range' });
  assert.deepEqual(days('2026-12-31', '2027-01-01'), {});
  assert.deepEqual(days('2026-12-31', '2026-12-31'), {});
});
