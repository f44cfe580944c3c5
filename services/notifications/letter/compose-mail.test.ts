import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import MimeNode from 'nodemailer/lib/mime-node';
import { parseSender } from '#platform/values/mail-address.ts';
import { composeMail, headersOf, type Mail } from './compose-mail.ts';

/** The header block as a whole node of nodemailer builds it. */
function headersByNode(mail: Mail): string {
  const node = new MimeNode('multipart/alternative', {
    baseBoundary: createHash('sha256').update(mail.messageId).digest('hex').slice(0, 32),
  });
  node.setHeader('From', parseSender(mail.from));
  node.setHeader('To', { name: '', address: mail.to });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  const subject = mail.subject.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
  node.setHeader('Subject', subject);
  node.setHeader('Message-ID', `<${mail.messageId}>`);
  node.setHeader('Date', mail.date.toUTCString().replace('GMT', '+0000'));
  node.setHeader('Auto-Submitted', 'auto-generated');
  if (mail.language !== undefined) node.setHeader('Content-Language', mail.language);
  return node.buildHeaders();
}

const word = fc.oneof(
  fc.constantFrom(
    'Письмо',
    'счастья',
    '😀',
    '=?utf-8?Q?x?=',
    '=?x?',
    '"q"',
    'a,b',
    ';',
    '(c)',
    '_',
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.string({ unit: 'grapheme', maxLength: 90 }),
);
const line = fc.array(word, { maxLength: 12 }).map((words) => words.join(' ').toWellFormed());
const address = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9+_'-]{1,30}$/), fc.stringMatching(/^[a-zA-Z0-9]{1,20}$/))
  .map(([local, domain]) => `${local}@${domain}.test`);
const name = line.map((text) => text.replace(/[<>\r\n]/g, ' '));
const letters = fc.record<Mail>(
  {
    messageId: fc.stringMatching(/^[a-z0-9-]{1,120}@[a-z0-9-]{1,120}$/),
    from: fc.oneof(
      address,
      fc.tuple(name, address).map(([who, where]) => `${who} <${where}>`),
    ),
    to: address,
    subject: line,
    text: line,
    html: line,
    date: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
    language: fc.constantFrom('ru', 'en'),
  },
  { requiredKeys: ['messageId', 'from', 'to', 'subject', 'text', 'html', 'date'] },
);

test('the header block is the one of nodemailer’s node, byte by byte', () => {
  fc.assert(
    fc.property(letters, (mail) => {
      const [headers] = composeMail(mail).toString().split('\r\n\r\n', 1);
      assert.equal(headers, headersByNode(mail));
    }),
    { numRuns: 2_000 },
  );
});

test('each part is its content in base64, in lines of 76, a full last one followed by an empty', () => {
  const mail: Mail = {
    messageId: 'a@orders.test',
    from: 'shop@shop.test',
    to: 'anna@customer.test',
    subject: 'x',
    text: 'x'.repeat(57),
    html: `y\n${'я'.repeat(60)}\r\n`,
    date: new Date(0),
  };
  const [, text = '', html = ''] = composeMail(mail)
    .toString()
    .split(/\r\n--[^\r]+\r\n/);
  const bodyOf = (part: string) => part.slice(part.indexOf('\r\n\r\n') + 4);
  assert.equal(bodyOf(text), `${Buffer.from('x'.repeat(57)).toString('base64')}\r\n`);
  const lines = bodyOf(html).split('\r\n');
  assert.deepEqual(
    lines.map(({ length }) => length),
    [76, 76, 16],
  );
  assert.equal(Buffer.from(lines.join(''), 'base64').toString(), `y\r\n${'я'.repeat(60)}\r\n`);
});

test('the headers that people are shown are those of the message, decoded', async () => {
  const mail: Mail = {
    messageId: 'a@orders.test',
    from: 'Магазин <shop@shop.test>',
    to: 'anna@customer.test',
    subject: `Письмо счастья: заказ ${'номер '.repeat(20)}оплачен`,
    text: 'x',
    html: 'x',
    date: new Date(0),
    language: 'ru',
  };
  const shown = headersOf(mail);
  const parsed = await simpleParser(composeMail(mail));
  assert.deepEqual(
    shown.map(({ name }) => name.toLowerCase()),
    parsed.headerLines.map(({ key }) => key),
  );
  const values = Object.fromEntries(shown.map(({ name, value }) => [name, value]));
  assert.equal(values.Subject, parsed.subject);
  const { name, address } = parsed.from?.value[0] ?? {};
  assert.equal(values.From, `${name} <${address}>`);
  for (const key of ['to', 'message-id', 'date', 'auto-submitted', 'content-language']) {
    const { line } = parsed.headerLines.find((header) => header.key === key) ?? {};
    const value = shown.find((header) => header.name.toLowerCase() === key)?.value;
    assert.equal(line?.toLowerCase(), `${key}: ${value}`.toLowerCase());
  }
  assert.ok(composeMail(mail).includes(values['Content-Type']?.split('; ')[1] ?? 'nothing'));
});
