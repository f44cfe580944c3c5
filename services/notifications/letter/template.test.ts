import assert from 'node:assert/strict';
import test from 'node:test';
import { type LetterFacts, renderLetter, TEMPLATES } from './template.ts';

const ORDER_ID = '0199a3c2-77aa-7c1e-9d3a-5f0b2c4d6e8f';

function facts(changes: Partial<LetterFacts> = {}): LetterFacts {
  return {
    kind: 'happiness',
    locale: 'ru',
    name: 'Анна',
    orderId: ORDER_ID,
    total: { amount: 50_000, currency: 'RUB' },
    reason: null,
    occurredAt: '2026-03-05T09:07:00.000Z',
    ...changes,
  };
}

/** The text that a reader of the HTML form sees: no tags, entities decoded, spaces folded. */
function visibleText(html: string): string {
  return html
    .replace(/<head>.*<\/head>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ');
}

const cases = [
  { kind: 'happiness', reason: null, ru: 'оплачен', en: 'is paid' },
  { kind: 'grief', reason: 'insufficient-funds', ru: 'недостаточно средств', en: 'insufficient' },
  { kind: 'grief', reason: 'voided', ru: 'вовремя', en: 'in time' },
  { kind: 'grief', reason: null, ru: 'отменён', en: 'cancelled' },
] as const;

for (const { kind, reason, ru, en } of cases) {
  test(`a ${kind} letter (${reason}) has a Russian and an English text`, () => {
    const russian = renderLetter(facts({ kind, reason }), 1);
    const english = renderLetter(facts({ kind, reason, locale: 'en' }), 1);
    const happy = kind === 'happiness';
    assert.ok(russian.subject.startsWith(happy ? 'Письмо счастья' : 'Письмо горя'));
    assert.ok(english.subject.startsWith(happy ? 'Letter of happiness' : 'Letter of grief'));
    for (const [letter, words, charged, lang] of [
      [russian, ru, 'не списаны', 'ru'],
      [english, en, 'othing was charged', 'en'],
    ] as const) {
      assert.ok(letter.subject.includes(ORDER_ID));
      assert.ok(letter.text.includes(words), letter.text);
      assert.ok(visibleText(letter.html).includes(words));
      assert.equal(letter.text.includes(charged), !happy);
      assert.ok(letter.html.includes(`<html lang="${lang}">`));
    }
  });

  test(`text and HTML of a ${kind} letter (${reason}) say the same`, () => {
    for (const locale of ['ru', 'en'] as const) {
      const letter = renderLetter(facts({ kind, reason, locale }), 1);
      const shown = visibleText(letter.html).replace(/[\s.,!:;]+/g, '');
      for (const line of letter.text.split('\n').filter((line) => line !== '-- ')) {
        assert.ok(shown.includes(line.replace(/[\s.,!:;]+/g, '')), `missing in HTML: ${line}`);
      }
    }
  });
}

test('amounts keep every digit, in the minor digits of their currency', () => {
  const shown = (amount: number, currency: string, locale: 'ru' | 'en' = 'en') => {
    const { text, html } = renderLetter(facts({ locale, total: { amount, currency } }), 1);
    const line = text.split('\n').find((line) => /^(Сумма|Total): /.test(line)) ?? '';
    const value = line.replace(/^.*?: /, '');
    assert.ok(html.includes(value));
    return value.replace(/[\u00a0\u202f]/g, ' ');
  };
  assert.equal(shown(0, 'RUB'), 'RUB 0.00');
  assert.equal(shown(1, 'RUB'), 'RUB 0.01');
  assert.equal(shown(1, 'RUB', 'ru'), '0,01 ₽');
  assert.equal(shown(50_000, 'RUB', 'ru'), '500,00 ₽');
  assert.equal(shown(10 ** 15, 'RUB', 'ru'), '10 000 000 000 000,00 ₽');
  assert.equal(shown(10 ** 15 - 1, 'RUB'), 'RUB 9,999,999,999,999.99');
  assert.equal(shown(9_007_199_254_740_991, 'USD'), '$90,071,992,547,409.91');
  assert.equal(shown(10 ** 15, 'JPY'), '¥1,000,000,000,000,000');
  assert.equal(shown(1, 'KWD'), 'KWD 0.001');
});

test('a hostile name stays text: no tag, no header line, no turned direction', () => {
  const name =
    '<script>alert("1")</script>\r\nBcc: evil@e.test\u0000\u202eabc\u2066\u2028x\u0085&\'\ud800';
  for (const locale of ['ru', 'en'] as const) {
    const { subject, text, html } = renderLetter(facts({ name, locale, orderId: name }), 1);
    for (const part of [subject, text, html]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
      assert.doesNotMatch(part, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/);
      assert.doesNotMatch(part, /[\u202a-\u202e\u2066-\u2069]/);
      assert.ok(part.isWellFormed());
    }
    assert.ok(!subject.includes('\n'));
    assert.doesNotMatch(text, /^Bcc:/m);
    assert.doesNotMatch(html, /<script|<\/script/);
    assert.ok(html.includes('<bdi>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; Bcc: evil'));
    assert.ok(html.includes('&amp;&#39;'));
    assert.ok(visibleText(html).includes('<script>alert("1")</script> Bcc: evil@e.test abc x &'));
  }
});

test('a name of nothing but controls leaves a greeting without a name', () => {
  const { text, html } = renderLetter(facts({ name: '\u202e\r\n ' }), 1);
  assert.ok(text.includes('Здравствуйте!\n'));
  assert.ok(!html.includes('<bdi>'));
});

test('the HTML refers to nothing outside itself', () => {
  const { html } = renderLetter(facts({ name: 'x', kind: 'grief', reason: 'voided' }), 1);
  assert.doesNotMatch(html, /https?:|src=|href=|url\(|@import|<link|<script/i);
});

test('the same facts give the same bytes', () => {
  assert.deepEqual(renderLetter(facts(), 1), renderLetter(facts(), 1));
});

test('a new version leaves the letters of older versions as they are', () => {
  const templates = {
    ...TEMPLATES,
    2: (letter: LetterFacts & { greetingCard?: string }) => ({
      subject: letter.greetingCard ?? '',
      text: 'new',
      html: 'new',
    }),
  };
  const before = renderLetter(facts(), 1);
  assert.deepEqual(renderLetter(facts(), 1, templates), before);
  // A member that a newer event has reaches its template without further code.
  const newer = { ...facts(), greetingCard: 'ring twice' };
  assert.deepEqual(renderLetter(newer, 1, templates), before);
  assert.equal(renderLetter(newer, 2, templates).subject, 'ring twice');
});

test('an unknown version is an error that names it', () => {
  assert.throws(
    () => renderLetter(facts(), 1_005),
    /1005: put the folder 1005 back into LETTER_TEMPLATES/,
  );
  assert.throws(() => renderLetter(facts(), 999), /there is no letter template 999$/);
});
