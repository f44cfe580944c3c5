import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idsOfNumber, orderNumberOf } from '#contracts/order-number.ts';
import { parseQuery } from './parse-query.ts';

const ID = '019b0d3e-5f21-7abc-8def-0123456789ab';
const OTHER = '019b0d3e-5f21-7abc-8def-0123456789ac';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const NUMBER = orderNumberOf(ID) as string;

const one = (id: string) => [{ ids: { first: id, last: id }, matched: 'order-id' }];

test('an id is found alone, in any case, and in a link', () => {
  for (const text of [
    ID,
    ` ${ID.toUpperCase()} `,
    `https://shop.example/orders/${ID}?tab=letters`,
    `/v1/operator/orders/${ID}/journey`,
    `order ${ID}, please`,
  ]) {
    const { ids, ranges, isMessageId, email, traceId } = parseQuery(text);
    assert.deepEqual([ids, ranges], [[ID], one(ID)], text);
    assert.deepEqual([isMessageId, email, traceId], [false, null, null], text);
  }
  assert.deepEqual(parseQuery(ID.replaceAll('-', '')).ids, [ID]);
});

test('a link with several ids is searched for each, three of them at most', () => {
  const link = `https://shop.example/v1/operator/wallets/${ID}/operations/${OTHER}`;
  assert.deepEqual(parseQuery(link).ids, [ID, OTHER]);
  assert.equal(parseQuery([1, 2, 3, 4].map((n) => `${ID.slice(0, -1)}${n}`).join()).ids.length, 3);
  // A longer word of the same digits is no id.
  assert.deepEqual(parseQuery(`${ID}0`).ids, []);
});

test('an order number is found as screens and people write it', () => {
  const range = { ids: idsOfNumber(NUMBER), matched: 'order-number' };
  for (const text of [NUMBER, `№ ${NUMBER}`, `No. ${NUMBER}`, `#${NUMBER.toLowerCase()}`]) {
    assert.deepEqual(parseQuery(text).ranges[0], range, text);
  }
  for (const text of [
    `Письмо счастья: заказ №\u00a0${NUMBER} оплачен`,
    `Order No. ${NUMBER} is paid`,
    `${NUMBER}.`,
  ]) {
    assert.deepEqual(parseQuery(text).ranges, [range], text);
  }
  for (const text of [`x${NUMBER}`, `${NUMBER}-1`, `№ ${NUMBER}я`, NUMBER.replace('-', '--')]) {
    assert.deepEqual(parseQuery(`the order ${text}`).ranges, [], text);
  }
});

test('the beginning of an id is found from eight digits on, also as a page cuts it', () => {
  const range = {
    first: '019b0d3e-5f00-0000-0000-000000000000',
    last: '019b0d3e-5fff-ffff-ffff-ffffffffffff',
  };
  for (const text of ['019b0d3e-5f', '019B0D3E5F', '019b0d3e-5f…', '019b0d3e-5f...']) {
    const found = parseQuery(text).ranges.find(({ matched }) => matched === 'order-id');
    assert.deepEqual(found?.ids, range, text);
  }
  assert.deepEqual(parseQuery('019b0d3').ranges, []);
});

test('a Message-ID is the letter’s id, and without its brackets an address too', () => {
  const address = `${ID}@shop.example`;
  for (const [text, email] of [
    [`<${address}>`, null],
    [address, address],
  ] as const) {
    const parsed = parseQuery(text);
    assert.deepEqual([parsed.ids, parsed.isMessageId, parsed.email], [[ID], true, email], text);
  }
});

test('an address, a trace id and the header of a trace are found', () => {
  for (const text of [
    ' Anna@Example.com ',
    'mailto:Anna@Example.com',
    '<Anna@Example.com>',
    'Анна <Anna@Example.com>',
  ]) {
    assert.equal(parseQuery(text).email, 'Anna@Example.com', text);
  }
  for (const text of ['a@b@c', '<a@b', 'x>a@b.example', '<<a@b.example>>', 'to: a@b.example']) {
    assert.equal(parseQuery(text).email, null, text);
  }
  assert.equal(parseQuery(TRACE).traceId, TRACE);
  assert.equal(parseQuery(`00-${TRACE}-00f067aa0ba902b7-01`).traceId, TRACE);
});

test('any word may be a customer of a foreign issuer; a sentence and a blank are none', () => {
  assert.deepEqual(parseQuery('auth0|5f7c8ec7').customerIds, ['auth0|5f7c8ec7']);
  assert.deepEqual(parseQuery(ID.toUpperCase()).customerIds, [ID.toUpperCase(), ID]);
  for (const text of ['', '   ', 'where is my order', 'Анна', 'x'.repeat(256)]) {
    const nothing = { ids: [], isMessageId: false, ranges: [], customerIds: [] };
    assert.deepEqual(parseQuery(text), { ...nothing, email: null, traceId: null }, text);
  }
});
