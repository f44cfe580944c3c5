import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { bodyBytesMax } from './body-limit.ts';

const KIB = 1024;

test('a small body has 64 KiB, as one that no schema bounds', () => {
  assert.equal(bodyBytesMax(undefined), 64 * KIB);
  assert.equal(bodyBytesMax(Type.Object({})), 64 * KIB);
  assert.equal(bodyBytesMax(Type.Object({ id: Type.String() })), 64 * KIB);
});

test('what a schema allows fits, also with every character escaped', () => {
  const schema = Type.Object({
    lines: Type.Array(
      Type.Object({
        text: Type.Union([Type.String({ maxLength: 100 }), Type.Null()]),
        count: Type.Integer({ minimum: -5, maximum: 1_000_000 }),
        kind: Type.Unsafe({ type: 'string', enum: ['a', 'длинное'] }),
      }),
      { maxItems: 50 },
    ),
  });
  const text = '\\ud83d\\ude00'.repeat(100);
  const line = `{"text":"${text}","count":1000000,"kind":"длинное"}`;
  const largest = Buffer.byteLength(`{"lines":[${Array(50).fill(line)}]}`);
  const limit = bodyBytesMax(schema);
  assert.ok(limit >= largest + 16 * KIB - 200, `${limit} for ${largest}`);
  assert.ok(limit < largest + 96 * KIB, `${limit} for ${largest}`);
  assert.equal(limit % (64 * KIB), 0);
});
