import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { createValidatorCompiler } from './validation.ts';

test('an array that is too long makes no error for each of its elements', () => {
  const schema = Type.Object({
    items: Type.Array(Type.Object({ a: Type.String() }), { maxItems: 3 }),
  });
  const validate = createValidatorCompiler()({ schema, httpPart: 'body' } as never) as {
    (data: unknown): unknown;
    errors?: { keyword: string; instancePath: string }[];
  };
  const body = { items: Array(100_000).fill({}) };
  assert.equal(validate(body), false);
  assert.deepEqual(
    validate.errors?.map(({ keyword, instancePath }) => `${keyword} ${instancePath}`),
    ['maxItems /items', ...[0, 1, 2, 3].map((index) => `required /items/${index}`)],
  );
  assert.equal(body.items.length, 100_000);
  assert.equal(validate({ items: Array(3).fill({ a: 'x' }) }), true);
});
