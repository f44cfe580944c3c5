import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrderContent } from '#contracts/orders.ts';
import { hashOf } from './create-order.ts';

const rub = (amount: number) => ({ amount, currency: 'RUB' });
const content: OrderContent = {
  items: [
    { name: 'Книга', sku: 'a-1', quantity: 2, unitPrice: rub(30_000) },
    { name: 'Чай', quantity: 1, unitPrice: rub(5) },
  ],
};
const hexOf = (asked: object) => hashOf(asked as OrderContent).toString('hex');

test('an order of the first version has the hash that the first version stored', () => {
  const stored = '7540bcc00b823d32d143bb4451399df0814246992d28e84f6a462a5356940a12';
  assert.equal(hexOf(content), stored);
  const [first, second] = content.items;
  const respelled = { unitPrice: rub(5), quantity: 1, name: 'Чай' };
  assert.deepEqual(second, respelled);
  assert.equal(hexOf({ items: [first, respelled] }), stored);
});

test('any other content has another hash, also in fields that are added later', () => {
  const [first, second] = content.items as [object, object];
  const others = [
    content,
    { items: [second, first] },
    { items: [{ ...first, quantity: 3 }, second] },
    { items: [{ ...first, gift: true }, second] },
    { items: [{ ...first, gift: false }, second] },
    { items: [first, { ...second, gift: true }] },
    { ...content, comment: 'a' },
    { ...content, comment: 'b' },
    { ...content, note: 'a' },
    { ...content, comment: '' },
    { ...content, address: { city: 'a', street: 'b' } },
    { ...content, address: { city: 'b', street: 'a' } },
    { ...content, tags: ['a', 'b'] },
    { ...content, tags: ['b', 'a'] },
  ];
  assert.equal(new Set(others.map(hexOf)).size, others.length);
  const address = { street: 'b', city: 'a' };
  assert.equal(hexOf({ address, ...content }), hexOf(others[10] as object));
  assert.equal(hexOf({ ...content, comment: undefined }), hexOf(content));
});
