import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEntry } from '#contracts/audit.ts';
import { mergeTrails, type Trail } from './merge-trails.ts';

const entry = (id: string) => ({ id }) as AuditEntry;
const page = (ids: string, more?: boolean) => ({
  data: [...ids].map(entry),
  ...(more !== undefined && { more }),
});
const idsOf = (trails: Trail[], limit: number) => {
  const { entries, more, unanswered } = mergeTrails(trails, limit);
  return [entries.map(({ id }) => id).join(''), more, unanswered];
};

test('the newest entries of all services come first', () => {
  const trails: Trail[] = [
    ['orders', page('842', false)],
    ['billing', page('7531')],
    ['identity', null],
  ];
  assert.deepEqual(idsOf(trails, 7), ['8754321', false, ['identity']]);
  assert.deepEqual(idsOf(trails, 3), ['875', true, ['identity']]);
});

test('a page ends where a service has older entries that it did not send: none is skipped', () => {
  const trails: Trail[] = [
    ['orders', page('86', true)],
    ['billing', page('753', true)],
    ['identity', page('921', false)],
  ];
  assert.deepEqual(idsOf(trails, 9), ['9876', true, []]);
});
