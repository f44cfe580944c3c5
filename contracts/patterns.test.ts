import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareKeyOf, PLAIN_TEXT, VISIBLE_TEXT } from './patterns.ts';

const visible = new RegExp(VISIBLE_TEXT, 'u');
const plain = new RegExp(PLAIN_TEXT, 'u');

/** Every character of the Unicode properties. */
function charactersOf(property: RegExp): string[] {
  const found = [];
  for (let code = 0; code <= 0x10_ff_ff; code++) {
    const character = String.fromCodePoint(code);
    if (property.test(character)) found.push(character);
  }
  return found;
}

test('no white space, control or ignorable character makes a text visible', () => {
  // Some format characters have a glyph: signs of Arabic numbers.
  const invisible = charactersOf(
    /[\s\p{Z}\p{Cc}\p{Default_Ignorable_Code_Point}]|(?![\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}])\p{Cf}|[\ufdd0-\ufdef\ufffe\uffff]/u,
  );
  assert.ok(invisible.length > 4_000);
  const names = (characters: string[]) =>
    characters.map((character) => character.codePointAt(0)?.toString(16));
  assert.deepEqual(names(invisible.filter((character) => visible.test(character))), []);
  assert.ok(!visible.test(invisible.slice(-200).join('')));
  assert.ok(!visible.test('\u2800\u3164\u200b \u00a0'));
});

test('marks that combine with any letter make no text without one', () => {
  // Marks of one script are shown on a circle of dots; these are for all letters.
  const blocks = ['0300-036f', '0483-0489', '1ab0-1aff', '1dc0-1dff', '20d0-20ff', 'fe20-fe2f'];
  const ranges = blocks.map((block) => block.replace(/\w{4}/g, '\\u$&')).join('');
  const marks = charactersOf(new RegExp(`(?=\\p{M})[${ranges}]`, 'u'));
  assert.ok(marks.length > 200);
  assert.deepEqual(
    marks.filter((mark) => visible.test(` ${mark}${mark}`)),
    [],
  );
  assert.deepEqual(
    marks.filter((mark) => !visible.test(`a${mark}`)),
    [],
  );
});

test('a visible character is enough, among any others that a line may have', () => {
  for (const text of [
    '.',
    'Ж',
    '📚',
    '👨‍👩‍👧',
    ' a ',
    '\u200bз',
    'می‌خواهم',
    'é',
    '🏴󠁧󠁢󠁥󠁮󠁧󠁿',
    '\u202eabc',
  ]) {
    assert.ok(visible.test(text), text);
    assert.ok(plain.test(text), text);
  }
  for (const text of ['a\nb', 'a\u0085', 'a\u2028', '\ud800a', 'a\u001b[2J']) {
    assert.ok(!visible.test(text));
    assert.ok(!plain.test(text));
  }
});

test('a quoted key never leads to one that a former version stored in quotes', () => {
  assert.equal(bareKeyOf('"a"'), 'a');
  assert.equal(bareKeyOf('"a\\"b"'), 'a"b');
  for (const text of ['a', 'a"b', '"', '""', '"a', '"a"', '"\\"a\\""', '"\\"\\\\\\"a\\\\\\"\\""']) {
    const key = bareKeyOf(text);
    // What is quoted is stored without quotes, and services may read it a second time.
    assert.notEqual(key, '"a"', text);
    assert.equal(bareKeyOf(key), key, text);
  }
});
