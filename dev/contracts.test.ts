import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PUBLISHED_FOLDER, publishedTexts } from './contracts.ts';

const texts = await publishedTexts();

for (const [name, text] of texts) {
  test(`published/${name} is what the contracts say`, () => {
    const published = readFileSync(new URL(name, PUBLISHED_FOLDER), 'utf8');
    assert.ok(published === text, `${name} is out of date: npm run contracts`);
  });
}

test('nothing else is published', () => {
  assert.deepEqual(readdirSync(PUBLISHED_FOLDER).sort(), [...texts.keys()].sort());
});
