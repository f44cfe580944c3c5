import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import { decodeCursor, encodeCursor, PAGE_BYTES_MAX, pageOf } from './page.ts';

const NUMBER = /^\d{1,18}$/;
const keyOf = (row: number) => String(row);

test('pages joined by their cursors give every row once', () => {
  const all = [9, 8, 7, 6, 5];
  const seen: number[] = [];
  let cursor: string | undefined;
  for (let round = 0; round < 3; round++) {
    const after = decodeCursor(cursor, NUMBER);
    const rest = after === null ? all : all.filter((row) => row < Number(after));
    const page = pageOf(rest.slice(0, 3), 2, keyOf);
    seen.push(...page.data);
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  assert.deepEqual(seen, all);
});

test('the last page has no cursor, also when it is full or empty', () => {
  assert.deepEqual(pageOf([3, 2], 2, keyOf), { data: [3, 2], nextCursor: null });
  assert.deepEqual(pageOf([], 2, keyOf), { data: [], nextCursor: null });
});

test('a key of any text comes back from its cursor', () => {
  for (const key of ['1', 'a/b+c=', 'заказ 🔔', '2026-01-01T00:00:00.000001Z,id']) {
    const cursor = encodeCursor(key);
    assert.match(cursor, /^[\w-]+$/);
    assert.equal(decodeCursor(cursor, /^/), key);
  }
});

test('no cursor means the beginning', () => {
  assert.equal(decodeCursor(undefined, NUMBER), null);
});

const malformed: [what: string, cursor: string][] = [
  ['plain text', '7'],
  ['padding', `${Buffer.from('7').toString('base64')}`],
  ['other letters', 'Nw!'],
  ['bits that count for nothing', 'Nx'],
  ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe]).toString('base64url')],
  ['nothing', ''],
  ["another list's key", encodeCursor('2026-01-01T00:00:00Z')],
  ['a key with something behind it', encodeCursor('7 or true')],
  ['a key that the database could not take', encodeCursor('9'.repeat(19))],
];

for (const [what, cursor] of malformed) {
  test(`a cursor of ${what} is refused and named`, () => {
    assert.throws(
      () => decodeCursor(cursor, NUMBER),
      (error) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.problem.code, 'invalid-request');
        assert.deepEqual(error.violations, [{ parameter: 'cursor', rule: 'cursor' }]);
        return true;
      },
    );
  });
}

test('a page ends at its bytes, has one row at least, and leads on', () => {
  const rows = ['a', 'b', 'c', 'd'].map((key) => ({ key, text: key.repeat(100_000) }));
  const keyOf = ({ key }: { key: string }) => key;
  const first = pageOf(rows, 4, keyOf);
  assert.deepEqual(first.data.map(keyOf), ['a', 'b']);
  assert.equal(first.nextCursor, encodeCursor('b'));
  const rest = pageOf(rows.slice(2), 4, keyOf);
  assert.deepEqual(rest.data.map(keyOf), ['c', 'd']);
  assert.equal(rest.nextCursor, null);
  const [huge] = [{ key: 'e', text: 'ж'.repeat(PAGE_BYTES_MAX) }];
  assert.deepEqual(pageOf([huge, ...rows], 4, keyOf), {
    data: [huge],
    nextCursor: encodeCursor('e'),
  });
  // What is shown counts, and a row that is not shown is not made.
  const made: string[] = [];
  const viewOf = ({ key }: { key: string }) => {
    made.push(key);
    return { html: key.repeat(150_000) };
  };
  assert.equal(pageOf(rows, 4, keyOf, viewOf).data.length, 1);
  assert.deepEqual(made, ['a', 'b']);
});
