import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { patternText, UNKNOWN_PATTERN } from '#platform/http/pattern-texts.ts';

test('every pattern of the contracts has a text in both languages, without the pattern', () => {
  const patterns = new Set<string>();
  for (const file of globSync('contracts/published/*.openapi.json')) {
    JSON.parse(readFileSync(file, 'utf8'), (name, value) => {
      if (name === 'pattern' && typeof value === 'string') patterns.add(value);
      return value;
    });
  }
  assert.ok(patterns.size > 10);
  for (const pattern of patterns) {
    const text = patternText(pattern);
    assert.notEqual(text, UNKNOWN_PATTERN, pattern);
    assert.match(text.ru, /[а-я]/, pattern);
    assert.match(text.en, /[a-z]/, pattern);
    for (const words of [text.ru, text.en]) assert.doesNotMatch(words, /[[\]^$]|\\x/, pattern);
  }
});
