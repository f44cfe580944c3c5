import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greetedContact, holdsLink } from './greeting.ts';

test('a name that holds a link, an address or a number is found, in any disguise', () => {
  const names = [
    'https://evil.example claim now',
    'HTTP://EVIL.EXAMPLE',
    'hxxps evil',
    'hxxp://evil',
    'h**p://evil',
    'www.evil.example',
    'WWW evil',
    'evil.example',
    'Анна evil.example/gift',
    'evil.рф',
    'вход.рф',
    'и.рф',
    't.me/evil',
    't.co',
    'x.com',
    'X.Com',
    'evil。example',
    'evil．example',
    'evil｡example',
    'evil․example',
    'evil﹒example',
    'evil·example',
    'evil•example',
    'evil‧example',
    'evil・example',
    'evil۔example',
    'evil。 example',
    'evil .example',
    'evil . example',
    'evil\u00a0.example',
    'evil. example',
    '.example',
    'evil[.]example',
    'evil(.)example',
    'evil{.}com',
    'evil\u200b.\u200bexample',
    'evil\u00ad.example',
    'evil\u2060.example',
    'evil.\u0301example',
    'evil\u3164.example',
    'ｅｖｉｌ．ｅｘａｍｐｌｅ',
    'ⓔⓥⓘⓛ.ⓒⓞⓜ',
    '𝐞𝐯𝐢𝐥.𝐜𝐨𝐦',
    'evil dot com',
    'evil (dot) com',
    'сайт точка рф',
    'evil[dot]example',
    'evil (точка) рф',
    'evil-dot-example',
    'evil_dot_example',
    'Evil. Com',
    'vk. com',
    'evilㆍcom',
    'evilꞏexample',
    'evil⦁com',
    'evil⚫com',
    'evil⬤com',
    'evil🔴com',
    'evil⋯com',
    '⫽evil',
    'evil..example',
    'evil…example',
    '"evil".example',
    'evil.<b>example',
    'a@b.example',
    'claim@evil',
    'claim＠evil',
    'claim﹫evil',
    'mailto:claim',
    'tel:911',
    '//evil',
    '\\\\evil\\share',
    '⁄⁄evil',
    'evil:8080',
    'evil：8080',
    '[2001:db8::1]',
    '192.0.2.1',
    '192。0。2。1',
    '3221225985',
    '0xc0000201',
    '８８００５５５３５３５',
    '8 800 555 35 35',
    'call +7 (900) 123-45-67',
    '٠١٢٣٤٥٦٧',
    'evil.example.',
    'Dr. evil.example',
    'А.С.Пушкин.рф',
  ];
  for (const name of names) assert.equal(holdsLink(name), true, name);
});

test('an ordinary name holds none', () => {
  const names = [
    'Анна',
    'Мария-Анна',
    "O'Neil",
    'O’Neil',
    'J. R. Tolkien',
    'J. R. R. Tolkien',
    'J.-P. Sartre',
    'J.R.R. Tolkien',
    'j. r. tolkien',
    'Dr. No',
    'St. John',
    'Martin Luther King Jr.',
    'Dot Smith',
    'Polka Dot',
    'Ms. Dot',
    'St. Orgel',
    'Martin Luther King, Jr. III',
    'John Smith, Ph.D.',
    'А. С. Пушкин',
    'А.С. Пушкин',
    'А.С.Пушкин',
    'Пушкин А.С.',
    'св. Анна',
    'Мария С.',
    'ООО Ромашка',
    'ООО «Ромашка»',
    'ИП Иванов И. И.',
    'Smith & Sons (Ltd.)',
    'Acme Inc.',
    'Marcel·la Vila',
    'Gal·la',
    'トム・クルーズ',
    '山田太郎',
    'محمد علي',
    'José Ángel Muñoz',
    'Zoë',
    'D’Artagnan',
    'Anna 2',
    'Класс 1985',
    'Louis XIV',
    'Anna/Boris',
    'Анна <b>',
    'Анна 🌸',
    '<script>alert(1)</script>"&\'',
    '...',
    'Ann...',
    'Re: Anna',
    '',
  ];
  for (const name of names) assert.equal(holdsLink(name), false, name);
});

test('a stored name turns no words around it, and one that shows nothing is left out', () => {
  const greeted = (name: string) =>
    greetedContact({ customerId: 'a', email: 'a@example.com', name, locale: 'en' }, true).name;
  for (const mark of '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069') {
    assert.equal(greeted(`${mark}Anna${mark} B`), 'Anna B');
  }
  assert.equal(greeted('\u202emoc.live'), '');
  for (const blank of ['\u200f', '\u2066\u2069', '\u200b \u3164']) assert.equal(greeted(blank), '');
  assert.equal(greeted('שרה كريم'), 'שרה كريم');
});

test('a hostile name costs no time', () => {
  for (const part of ['.', 'a.', '1 ', ' dot ', 'l·', '。', ':', 'h', '(']) {
    const name = part.repeat(Math.ceil(200 / part.length)).slice(0, 200);
    const before = process.cpuUsage().user;
    for (let i = 0; i < 10; i++) holdsLink(name);
    assert.ok(process.cpuUsage().user - before < 1_000_000, part);
  }
});

test('the greeting is neutral for an unconfirmed address too, where addresses are confirmed', () => {
  const contact = { customerId: 'a', email: 'a@example.com', name: 'Анна', locale: 'ru' as const };
  const nameOf = (emailConfirmed: boolean | undefined, on: boolean) =>
    greetedContact({ ...contact, ...(emailConfirmed !== undefined && { emailConfirmed }) }, on)
      .name;
  assert.equal(nameOf(false, true), '');
  assert.equal(nameOf(true, true), 'Анна');
  assert.equal(nameOf(undefined, true), 'Анна');
  assert.equal(nameOf(false, false), 'Анна');
  assert.equal(greetedContact({ ...contact, name: 'evil.example' }, false).name, '');
});
