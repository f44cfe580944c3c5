import assert from 'node:assert/strict';
import { test } from 'node:test';
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
