import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { GENERATED_FOLDER, generatedTexts } from './operation-types.ts';
import { typeOf } from './schema-types.ts';

test('the generated modules are what the published contracts say', async () => {
  const texts = await generatedTexts();
  for (const [name, text] of texts) {
    const stored = await readFile(new URL(name, GENERATED_FOLDER), 'utf8');
    assert.ok(stored === text, `client/generated/${name} is out of date: npm run client:types`);
  }
  assert.deepEqual((await readdir(GENERATED_FOLDER)).sort(), [...texts.keys()].sort());
});

test('schemas become the types that describe the same values', () => {
  const string = { type: 'string' };
  const cases: [schema: Parameters<typeof typeOf>[0], type: string][] = [
    [{ $ref: '#/components/schemas/Order' }, 'Order'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ enum: ['a', "it's", 1, null] }, "'a' | 'it\\'s' | 1 | null"],
    [{ const: true }, 'true'],
    [{ type: 'array', items: { type: ['string', 'null'] } }, '(string | null)[]'],
    [{ anyOf: [{ type: 'integer' }, { type: 'number' }, { type: 'null' }] }, 'number | null'],
    [{ allOf: [{ $ref: '#/A' }, { anyOf: [{ $ref: '#/B' }, string] }] }, 'A & (B | string)'],
    [{ type: 'object' }, 'Record<string, unknown>'],
    [{ type: 'object', additionalProperties: string }, 'Record<string, string>'],
    [{ type: 'object', patternProperties: { '^a': string } }, 'Record<string, string>'],
    [{}, 'unknown'],
    [
      { type: 'array', items: { properties: { 'a-b': string, c: { anyOf: [string, {}] } } } },
      "{\n  'a-b'?: string;\n  c?: string | unknown;\n}[]",
    ],
  ];
  for (const [schema, type] of cases) assert.equal(typeOf(schema), type);
  assert.throws(() => typeOf({ type: 'date' }), /unknown type date/);
});
