import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeMail } from '#services/notifications/letter/compose-mail.ts';
import { renderLetter, TEMPLATE_DEFAULT } from '#services/notifications/letter/template.ts';
import { textOfMail } from './mail-text.ts';

const ORDER = '01a221f5-64e7-7880-82e9-a33a8b9e24b6';

for (const locale of ['ru', 'en'] as const) {
  test(`a letter's subject and both its forms are read, ${locale}`, () => {
    const letter = renderLetter(
      {
        kind: 'happiness',
        locale,
        name: 'Анна & Co',
        orderId: ORDER,
        reason: null,
        total: { amount: 123_456, currency: 'RUB' },
        occurredAt: '2026-11-28T11:41:00.064Z',
      },
      TEMPLATE_DEFAULT,
    );
    const mail = composeMail({
      ...letter,
      messageId: 'a@b.test',
      from: 'orders@b.test',
      to: 'anna@b.test',
      date: new Date(0),
    });
    const text = textOfMail(mail.toString('latin1'));
    const [subject, ...rest] = text.split('\n');
    assert.equal(subject, letter.subject);
    assert.ok(text.includes(letter.text));
    // Once in the subject, in the plain form, and in title and table of the HTML.
    assert.equal(text.split(ORDER).length - 1, 4);
    assert.doesNotMatch(rest.join('\n'), /<|color-scheme/);
  });
}
