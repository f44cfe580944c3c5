import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { composeMail } from './compose-mail.ts';
import { type LetterContent, mailOf, type Sender } from './letter-mail.ts';

const letter: LetterContent = {
  id: '019ac0de-1111-7000-8000-000000000001',
  event: {
    orderId: 'order',
    kind: 'happiness',
    total: { amount: 50_000, currency: 'RUB' },
    reason: null,
    occurredAt: '2026-11-22T18:30:00.123Z',
  },
  templateVersion: 1,
  createdAt: new Date(0),
};
const to = { to: 'anna@example.com', name: 'Анна', locale: 'ru' } as const;
const mail = (sender: Partial<Sender>) =>
  mailOf(letter, to, { from: 'a@b.test', messageIdOf: (id) => `${id}@b.test`, ...sender });

test('one click unsubscribes only where the URL says which letter it was', () => {
  const cases: [template: string, url: string, oneClick: boolean][] = [
    ['https://b.test/u?l={letterId}', `https://b.test/u?l=${letter.id}`, true],
    ['https://b.test/u', 'https://b.test/u', false],
    ['mailto:u@b.test?subject={letterId}', `mailto:u@b.test?subject=${letter.id}`, false],
  ];
  for (const [unsubscribe, url, oneClick] of cases) {
    assert.deepEqual(mail({ unsubscribe }).unsubscribe, { url, oneClick });
  }
  assert.deepEqual([mail({}).unsubscribe, mail({}).replyTo], [undefined, undefined]);
});

const NAMES = [
  '',
  'Anna',
  'Анна',
  '"Q" <b>&\'',
  '.',
  'From x',
  '--',
  '=?utf-8?Q?x?=',
  'a=b',
  '\u202eabc',
  'x'.repeat(200),
  'я'.repeat(200),
  '👩\u200d👧 😀',
  'Ünal Ö.',
  '山田太郎',
  '\ud800',
  'a\tb  c\u2028d',
  'é',
];
const RECIPIENTS = [
  'anna@customer.test',
  'Anna.B@Customer.Test',
  "o'neil+x@mail.x-y.test",
  'a@xn--e1afmkfd.test',
  `${'a'.repeat(64)}@${'b'.repeat(60)}.test`,
];
const SENDERS: Partial<Sender>[] = [
  {},
  { from: 'Магазин <shop@b.test>', replyTo: 'Support <s@b.test>' },
  { unsubscribe: 'https://b.test/u?l={letterId}' },
];

/** All letters of one wording as they are sent, as one hash. */
function digestOf(event: Partial<LetterContent['event']>, locale: 'ru' | 'en'): string {
  const sent = NAMES.flatMap((name) =>
    RECIPIENTS.flatMap((to) =>
      SENDERS.flatMap((sender) =>
        ['019ac0de-1111-7000-8000-000000000001', 'abcdefab-cdef-abcd-efab-cdefabcdefab'].map((id) =>
          composeMail(
            mailOf(
              { ...letter, id, event: { ...letter.event, orderId: id, ...event } },
              { to, name, locale },
              { from: 'a@b.test', messageIdOf: (id) => `${id}@b.test`, ...sender },
            ),
          ),
        ),
      ),
    ),
  );
  return hash('sha256', Buffer.concat(sent), 'hex').slice(0, 16);
}

// Another Node may write amounts and dates otherwise: then the bytes of old letters change, too.
test('a letter that goes again, perhaps after an update, has the same bytes', () => {
  const events: Partial<LetterContent['event']>[] = [
    { total: { amount: 123_456_789, currency: 'USD' } },
    { total: { amount: 1, currency: 'XQQ' } },
    { kind: 'grief', reason: 'insufficient-funds' },
    { kind: 'grief', reason: 'voided' },
    { kind: 'grief' },
  ];
  assert.deepEqual(
    events.map((event) => [digestOf(event, 'ru'), digestOf(event, 'en')]),
    [
      ['200a8ccf5bc7a7df', '5af62e48bc00db01'],
      ['1031aced1707ca5d', 'a5a50ae0556462c1'],
      ['c0a53efe366c96a5', 'cc8cde3a3f23be33'],
      ['d7da59820a5f7c93', 'bae64eec90f66b34'],
      ['68a35c0645e41c59', '4f7ebd707f50c79f'],
    ],
  );
});
