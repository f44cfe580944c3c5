import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import { parseJson } from './json.ts';

const parse = (text: string) => parseJson(Buffer.from(text));

const exact: [literal: string, value: number][] = [
  ['10.005', 10.005],
  ['1e2', 100],
  ['1E+2', 100],
  ['100.0', 100],
  ['1200e-2', 12],
  ['0.00001e5', 1],
  ['-0', -0],
  ['-0.0', -0],
  ['0e999999999', 0],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['-9007199254740991', Number.MIN_SAFE_INTEGER],
  ['1e-7', 1e-7],
  ['5e-324', 5e-324],
  [`1.${'0'.repeat(60_000)}`, 1],
];

for (const [literal, value] of exact) {
  test(`${literal.slice(0, 30)} is taken as it is`, () => {
    assert.deepEqual(parse(`{"a":[${literal}]}`), { a: [value] });
  });
}

const inexact = [
  '99.99999999999999999',
  '9007199254740993',
  '-9007199254740993',
  '9007199254740992',
  '12345678901234567890',
  '1e400',
  '-1e400',
  '1e-400',
  '1e999999999',
  '1e-999999999',
  `1e-${'9'.repeat(60_000)}`,
  `1.${'0'.repeat(60_000)}1`,
  '0.1000000000000000055511151231257827',
];

for (const literal of inexact) {
  test(`${literal.slice(0, 30)} would be rounded, so it becomes NaN`, () => {
    assert.deepEqual(parse(`{"a":[${literal}]}`), { a: [Number.NaN] });
  });
}

test('what looks like a number inside a string stays a string', () => {
  const value = { '9007199254740993': '1e400', a: '99.99999999999999999 and 1e-400' };
  assert.deepEqual(parse(JSON.stringify(value)), value);
});

const broken: [what: string, body: Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['half an object', Buffer.from('{"a":')],
  ['a byte order mark', Buffer.from('\uFEFF{}')],
  ['invalid UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22])],
  ['a lone surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ['UTF-16', Buffer.from('{}', 'utf16le')],
  ['NaN', Buffer.from('[NaN]')],
  ['a trailing comma', Buffer.from('[1,]')],
];

for (const [what, body] of broken) {
  test(`${what} is refused as not JSON`, () => {
    assert.throws(
      () => parseJson(body),
      (error) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.problem.code, 'invalid-request');
        assert.deepEqual(error.violations, [{ pointer: '', rule: 'json' }]);
        return true;
      },
    );
  });
}

const shapes: [what: string, text: string, violation: object | null][] = [
  ['30,000 arrays', '['.repeat(30_000) + ']'.repeat(30_000), { rule: 'jsonDepth', expected: '64' }],
  ['arrays that do not end', '['.repeat(30_000), { rule: 'jsonDepth', expected: '64' }],
  [
    '10,000 objects',
    `${'{"a":'.repeat(10_000)}1.5${'}'.repeat(10_000)}`,
    { rule: 'jsonDepth', expected: '64' },
  ],
  ['7,000 members', `{${membersOf(7_000)}}`, { rule: 'maxProperties', expected: '512' }],
  [
    '513 members behind others',
    `[{"a":[{"b":1}],${membersOf(512)}}]`,
    { rule: 'maxProperties', expected: '512' },
  ],
  ['64 levels of 512 members', `${'['.repeat(63)}{${membersOf(512)}}${']'.repeat(63)}`, null],
  ['many objects', `[${Array(2_000).fill('{"a":1,"b":{"c":2}}').join(',')}]`, null],
  [
    'brackets and colons in texts',
    JSON.stringify({ a: '[{:"\\'.repeat(20_000), '[:"': ':[{' }),
    null,
  ],
];

function membersOf(count: number): string {
  return Array.from({ length: count }, (_, number) => `"k${number}":1`).join(',');
}

for (const [what, text, violation] of shapes) {
  test(`${what}: ${violation === null ? 'parsed' : 'refused, and named'}`, () => {
    if (violation === null) return assert.deepEqual(parse(text), JSON.parse(text));
    assert.throws(
      () => parse(text),
      (error) => {
        assert.ok(error instanceof AppError);
        assert.deepEqual(error.violations, [{ pointer: '', ...violation }]);
        return true;
      },
    );
  });
}
