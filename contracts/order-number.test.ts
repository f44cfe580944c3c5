import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import { idsOfNumber, idsOfPrefix, orderNumberOf } from './order-number.ts';

const ID = '019b0d3e-5f21-7abc-8def-0123456789ab';

test('an order has a short number, and the number leads back to its id', () => {
  const number = orderNumberOf(ID) as string;
  assert.equal(number, orderNumberOf(ID.toUpperCase()));
  assert.match(number, /^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/);
  const range = idsOfNumber(number);
  assert.ok(range && range.first <= ID && ID <= range.last);
  assert.deepEqual(range, {
    first: '019b0d3e-5f21-7abc-0000-000000000000',
    last: '019b0d3e-5f21-7abf-ffff-ffffffffffff',
  });
});

test('the ids of new orders have numbers, and are within the range of their number', () => {
  for (let each = 0; each < 1_000; each++) {
    const id = randomUUIDv7();
    const range = idsOfNumber(orderNumberOf(id) as string);
    assert.ok(range && range.first <= id && id <= range.last, id);
  }
});

test('a number is read as people type it', () => {
  const number = orderNumberOf(ID) as string;
  const typed = number.replace('-', ' ').toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l');
  assert.deepEqual(idsOfNumber(typed), idsOfNumber(number));
  for (const wrong of ['', number.slice(1), `${number}0`, 'UUUUU-UUUUU', '<b>12-34567']) {
    assert.equal(idsOfNumber(wrong), null, wrong);
  }
});

test('an id of another version has no number', () => {
  assert.equal(orderNumberOf('3f0e9a52-6c0a-4a3a-9d43-0a2f1f0e9a52'), null);
  assert.equal(orderNumberOf('not an id'), null);
  // Before 2020.
  assert.equal(orderNumberOf('015b0d3e-5f21-7abc-8def-0123456789ab'), null);
});

test('a prefix of an id gives the range of ids that begin with it', () => {
  assert.deepEqual(idsOfPrefix('019B0D3E-5f'), {
    first: '019b0d3e-5f00-0000-0000-000000000000',
    last: '019b0d3e-5fff-ffff-ffff-ffffffffffff',
  });
  assert.deepEqual(idsOfPrefix(ID), { first: ID, last: ID });
  for (const wrong of ['019b0d3', `${ID}0`, '019b0d3g', 'anna@example.com']) {
    assert.equal(idsOfPrefix(wrong), null, wrong);
  }
});
