import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import test from 'node:test';
import { type LetterFacts, renderLetter } from './template.ts';

const ORDER_ID = '0199a3c2-77aa-7c1e-9d3a-5f0b2c4d6e8f';
const RUB = (amount: number) => ({ amount, currency: 'RUB' });

function facts(changes: Partial<LetterFacts> = {}): LetterFacts {
  return {
    kind: 'happiness',
    locale: 'ru',
    name: 'Анна',
    orderId: ORDER_ID,
    total: RUB(50_050),
    reason: null,
    occurredAt: '2026-03-05T09:07:00.000Z',
    timeZone: 'Asia/Yekaterinburg',
    items: {
      first: [
        { name: 'Чай', quantity: 2, unitPrice: RUB(25_000) },
        { name: 'Пакет', quantity: 1, unitPrice: RUB(50) },
      ],
      count: 2,
    },
    publicUrl: 'https://shop.example',
    ...changes,
  };
}

const declined = { kind: 'grief', reason: 'insufficient-funds' } as const;
const letterOf = (changes: Partial<LetterFacts> = {}) => renderLetter(facts(changes), 2);
/** With plain spaces, as people search. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');
const textOf = (changes: Partial<LetterFacts> = {}) => plain(letterOf(changes).text);

function visibleText(html: string): string {
  return plain(html)
    .replace(/<head>.*<\/head>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ');
}

test('a letter shows items, total, the short number and local time in both languages', () => {
  assert.equal(plain(letterOf().subject), 'Письмо счастья: заказ № 592NQ-3XAR7 оплачен');
  const russian = textOf();
  for (const line of [
    'Заказ: № 592NQ-3XAR7',
    'Оплачен: 5 марта 2026 г. в 14:07 (Екатеринбург, стандартное время)',
    '- Чай: 2 × 250 ₽ = 500 ₽',
    '- Пакет: 1 × 0,50 ₽ = 0,50 ₽',
    'Итого: 500,50 ₽',
    'Открыть заказ: https://shop.example/orders/0199a3c2-77aa-7c1e-9d3a-5f0b2c4d6e8f',
  ]) {
    assert.ok(russian.split('\n').includes(line), `${line}\n${russian}`);
  }
  const english = letterOf({ locale: 'en', ...declined });
  assert.equal(plain(english.subject), 'Letter of grief: order No. 592NQ-3XAR7 is cancelled');
  for (const line of [
    'Cancelled: 5 March 2026 at 14:07 (Yekaterinburg Standard Time)',
    '- Чай: 2 × ₽250 = ₽500',
    'Total: ₽500.50',
    `Top up and pay: https://shop.example/orders/${ORDER_ID}/again`,
  ]) {
    assert.ok(plain(english.text).split('\n').includes(line), `${line}\n${english.text}`);
  }
});

test('Russian subjects begin as ever, and no subject has the id', () => {
  const subjects = [{}, declined, { kind: 'grief', reason: 'voided' } as const].flatMap((given) =>
    (['ru', 'en'] as const).map((locale) => letterOf({ locale, ...given }).subject),
  );
  assert.ok(subjects.every((subject) => !subject.includes(ORDER_ID)));
  const russian = subjects.filter((subject) => subject.startsWith('Письмо'));
  assert.deepEqual(
    russian.map((subject) => subject.split(':')[0]),
    ['Письмо счастья', 'Письмо горя', 'Письмо горя'],
  );
});

test('an order whose id has no number is named by its id', () => {
  assert.match(letterOf({ orderId: 'order-1' }).subject, /order-1/);
});

test('text and HTML say the same', () => {
  for (const given of [{}, declined, { kind: 'grief', reason: 'voided' } as const]) {
    for (const locale of ['ru', 'en'] as const) {
      const letter = letterOf({ locale, ...given });
      const flat = (text: string) => text.replace(/[\s.,!:;=-]+/g, '');
      const shown = flat(visibleText(letter.html));
      for (const line of plain(letter.text).split('\n')) {
        const said = flat(line.replace(/: https:.*$/, ''));
        assert.ok(shown.includes(said), `missing in HTML: ${line}`);
      }
      for (const [url] of letter.text.matchAll(/https:\S+/g)) {
        assert.ok(letter.html.includes(`href="${url}"`), url);
      }
    }
  }
});

test('a long order shows its first items and how many are left out', () => {
  const first = facts().items?.first ?? [];
  const text = textOf({ items: { first, count: 23 } });
  assert.match(text, /\nи ещё позиций: 21\nИтого:/);
  assert.match(textOf({ locale: 'en', items: { first, count: 23 } }), /\nand 21 more\nTotal:/);
});

test('an old letter without items, zone and address has no gap where they would be', () => {
  const given = { items: undefined, timeZone: undefined, publicUrl: undefined, ...declined };
  const { text, html } = letterOf(given);
  assert.doesNotMatch(text, /\n\n\n|https?:|undefined|null/);
  assert.match(plain(text), /5 марта 2026 г. в 09:07 \(UTC\)/);
  assert.match(text, /Пополните кошелёк и оформите заказ ещё раз/);
  assert.doesNotMatch(html, /<a |undefined|null/);
});

test('moments follow summer time and the New Year of the zone, and a zone nobody knows is UTC', () => {
  const momentIn = (timeZone: string, occurredAt: string) =>
    /^Paid: (.*)$/m.exec(textOf({ locale: 'en', timeZone, occurredAt }))?.[1];
  assert.equal(
    momentIn('Europe/Berlin', '2026-03-29T00:59:00Z'),
    '29 March 2026 at 01:59 (Central European Standard Time)',
  );
  assert.equal(
    momentIn('Europe/Berlin', '2026-03-29T01:00:00Z'),
    '29 March 2026 at 03:00 (Central European Summer Time)',
  );
  // At the end of summer time one hour comes twice: the name of the zone says which it is.
  assert.equal(
    momentIn('Europe/Berlin', '2026-10-25T00:30:00Z'),
    '25 October 2026 at 02:30 (Central European Summer Time)',
  );
  assert.equal(
    momentIn('Europe/Berlin', '2026-10-25T01:30:00Z'),
    '25 October 2026 at 02:30 (Central European Standard Time)',
  );
  assert.equal(
    momentIn('Pacific/Auckland', '2026-12-31T11:30:00Z'),
    '1 January 2027 at 00:30 (New Zealand Daylight Time)',
  );
  assert.equal(
    momentIn('America/New_York', '2027-01-01T04:30:00Z'),
    '31 December 2026 at 23:30 (Eastern Standard Time)',
  );
  assert.equal(momentIn('Mars/Olympus', '2026-03-05T09:07:00Z'), '5 March 2026 at 09:07 (UTC)');
});

test('hostile names of a customer and of items stay text on one line', () => {
  const name = '<img src=x onerror=alert(1)>\r\nBcc: evil@e.test\u0000\u202eabc\u2028"x\'&\ud800';
  for (const locale of ['ru', 'en'] as const) {
    const items = { first: [{ name, quantity: 1, unitPrice: RUB(1) }], count: 1 };
    const letter = letterOf({ locale, name, orderId: name, items, ...declined });
    for (const part of [letter.subject, letter.text, letter.html]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
      assert.doesNotMatch(part, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
      assert.ok(part.isWellFormed());
    }
    assert.doesNotMatch(letter.subject, /\n/);
    assert.doesNotMatch(letter.text, /^Bcc:/m);
    assert.doesNotMatch(letter.html, /<img/);
    assert.equal(letter.html.split('<bdi>&lt;img src=x').length - 1, 2);
    assert.doesNotMatch(letter.html, /href="[^"]*[<>']/);
  }
});

test('a letter that goes again has the same bytes', () => {
  const digest = (changes: Partial<LetterFacts>) =>
    hash('sha256', JSON.stringify(letterOf(changes)), 'hex').slice(0, 16);
  const cases: Partial<LetterFacts>[] = [{}, declined, { kind: 'grief', reason: 'voided' }];
  const digests = cases.flatMap((given) => [digest(given), digest({ locale: 'en', ...given })]);
  assert.deepEqual(digests, DIGESTS);
});

const DIGESTS = [
  '2d56e70005821f24',
  'c0dd28ae251fe5c5',
  'dfb8481e55b87ca6',
  'f9317a4f8c2bc303',
  '10cc7dd261b8ea4c',
  '3f19e2bc81965ee5',
];
