import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { printable, printableJson } from './printable.ts';

// Named in Unicode's own terms by the code, here one by one.
const DANGEROUS = [
  ...Array.from({ length: 0x20 }, (_, code) => code).filter((code) => code !== 9 && code !== 10),
  ...Array.from({ length: 0x21 }, (_, code) => 0x7f + code),
  ...[0xad, 0x61c, 0x180e, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029],
  ...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064],
  ...[0x2066, 0x2067, 0x2068, 0x2069, 0x206a, 0x206f, 0xfeff, 0xfff9, 0xfffa, 0xfffb],
  ...[0x34f, 0x115f, 0x3164, 0xffa0, 0xd800, 0xdfff, 0xe0000, 0xe0001, 0xe0100, 0xe0020, 0xe007f],
].map((code) => String.fromCodePoint(code));
const ATTACKS = [
  '\u001b[31mred\u001b[0m',
  '\u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007',
  '\u001b]0;title\u001b\\',
  '\u009b2J\u0090q\u009c',
  'moc.live\u202e@anna',
  'a\rb\bc\u0000',
  '\u2067\u2066abc\u2069',
  'invoice\u200b\u{e0041}\ufeff',
];
const FINE = [
  '',
  'plain',
  'Книга «Ёж» 📚❤️\n\tдва',
  'é ñ 漢字 עברית عربي',
  '"\\u202e"',
  '1\u00a0000,50\u202f₽',
];

test('no character that steers a terminal is printed, and each is seen as its escape', () => {
  for (const text of [...DANGEROUS, ...ATTACKS]) {
    const shown = printable(`a${text}b`);
    assert.deepEqual(
      DANGEROUS.filter((character) => shown.includes(character)),
      [],
    );
    assert.match(shown, /\\u\{?[\da-f]{4,}/);
    assert.equal(stripVTControlCharacters(shown), shown);
    assert.equal(printable(shown), shown);
  }
  assert.equal(printable('\u001b[2J\u202e\u{e0041}\ud800'), '\\u001b[2J\\u202e\\u{e0041}\\ud800');
});

test('other texts, their line feeds and tabs stay as they are', () => {
  for (const text of FINE) assert.equal(printable(text), text);
});

test('JSON keeps its value, and its strings have none of these characters', () => {
  const texts = [...DANGEROUS, ...ATTACKS, ...FINE, '\n\t\r"\\'];
  const value = { [texts.join('|')]: texts, more: [1, null, { a: 'я\u202e' }] };
  for (const json of [
    JSON.stringify(value),
    JSON.stringify(value, null, '\t').replaceAll('\n', '\r\n'),
  ]) {
    const shown = printableJson(json);
    assert.deepEqual(
      DANGEROUS.filter((character) => shown.includes(character)),
      [],
    );
    assert.deepEqual(JSON.parse(shown), value);
  }
  for (const json of ['{"a":"plain"}\n', '{"a":"я 📚"}\n']) assert.equal(printableJson(json), json);
  // JSON.stringify escapes the first 32 only.
  assert.equal(printableJson('"\u007f"'), '"\\u007f"');
});

test('every control, format and separator character of Unicode is escaped, in both forms', () => {
  for (let code = 0; code <= 0x10_ff_ff; code++) {
    const character = String.fromCodePoint(code);
    if (!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(character) || /[\n\t]/.test(character)) continue;
    assert.match(printable(character), /^\\u(?:[\da-f]{4}|\{[\da-f]{5,6}\})$/);
    const json = printableJson(JSON.stringify(character));
    assert.match(json, /^[\x20-\x7e]+$/);
    assert.equal(JSON.parse(json), character);
  }
});
