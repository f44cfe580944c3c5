import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Language, languageOf } from './language.ts';

const cases: [header: string | undefined, language: Language][] = [
  [undefined, 'ru'],
  ['', 'ru'],
  ['*', 'ru'],
  ['ru', 'ru'],
  ['en', 'en'],
  ['EN', 'en'],
  ['en-US', 'en'],
  ['ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7', 'ru'],
  ['en-US,en;q=0.9,ru;q=0.8', 'en'],
  ['de, en;q=0.5', 'en'],
  ['ru;q=0.1, en;q=0.2', 'en'],
  ['en;q=0', 'ru'],
  ['ru;q=0, *;q=0.5', 'en'],
  ['de', 'ru'],
  ['de-AT, fr;q=0.5', 'ru'],
  [';;;,=,q=,,', 'ru'],
  ['en;q=banana', 'ru'],
  ['\u0000\u00ff', 'ru'],
  ['x'.repeat(16_000), 'ru'],
  [`${'xx;q=0.1,'.repeat(1_500)}en`, 'en'],
];

for (const [header, language] of cases) {
  test(`Accept-Language ${JSON.stringify(header?.slice(0, 40)) ?? 'absent'} gives ${language}`, () => {
    assert.equal(languageOf(header), language);
  });
}
