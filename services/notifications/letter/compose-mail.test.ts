import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import MimeNode from 'nodemailer/lib/mime-node';
import { parseSender } from '#contracts/mail-address.ts';
import { composeMail, headersOf, type Mail } from './compose-mail.ts';

/** The header block as a whole node of nodemailer builds it. */
function headersByNode(mail: Mail): string {
  const node = new MimeNode('multipart/alternative', {
    baseBoundary: createHash('sha256').update(mail.messageId).digest('hex').slice(0, 32),
  });
  node.setHeader('From', parseSender(mail.from));
  node.setHeader('To', { name: '', address: mail.to });
  if (mail.replyTo !== undefined) node.setHeader('Reply-To', parseSender(mail.replyTo));
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
    replyTo: fc.tuple(name, address).map(([who, where]) => `${who} <${where}>`),
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

const plain: Mail = {
  messageId: 'a@orders.test',
  from: 'shop@shop.test',
  to: 'anna@customer.test',
  subject: 'x',
  text: '',
  html: '',
  date: new Date(0),
};

/** The two parts: their encoding and their lines as they are sent. */
function partsOf(mail: Mail): { encoding: string; lines: string[] }[] {
  const raw = composeMail(mail).toString('latin1');
  const boundary = /boundary="([^"]+)"/.exec(raw)?.[1] ?? assert.fail('no boundary');
  const parts = raw.split(new RegExp(`\r\n--${boundary}(?:--)?\r\n`)).slice(1, 3);
  return parts.map((part) => {
    const [head = '', ...body] = part.split('\r\n\r\n');
    const encoding = /Content-Transfer-Encoding: (\S+)/.exec(head)?.[1] ?? '';
    return { encoding, lines: body.join('\r\n\r\n').split('\r\n') };
  });
}

function decode({ encoding, lines }: ReturnType<typeof partsOf>[number]): string {
  const body = lines.join('\r\n');
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString();
  const bytes = body
    .replaceAll('=\r\n', '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

test('Cyrillic is base64 in lines of 76, a full last one followed by an empty', () => {
  const [text, html] = partsOf({
    ...plain,
    text: 'яя'.repeat(57),
    html: `y\n${'я'.repeat(60)}\r\n`,
  });
  assert.deepEqual(
    [text, html].map((part) => part?.lines.map(({ length }) => length)),
    [
      [76, 76, 76, 76, 0],
      [76, 76, 16],
    ],
  );
  assert.equal(html && decode(html), `y\r\n${'я'.repeat(60)}\r\n`);
});

test('text that is mostly ASCII stays readable: it is quoted-printable, not base64', () => {
  const text = 'Hello, Anna!\n\nTotal: RUB\u00a0500.00\n-- \nnever = mind\n';
  const [part] = partsOf({ ...plain, text, html: 'я' });
  assert.equal(part?.encoding, 'quoted-printable');
  assert.deepEqual(part.lines, [
    'Hello, Anna!',
    '',
    'Total: RUB=C2=A0500.00',
    '=2D-=20',
    'never =3D mind',
    '',
  ]);
});

test('each part is what it was, in lines that no relay changes and that end no part', () => {
  const risky = fc.constantFrom(
    '.',
    '..',
    'From ',
    '--',
    '=',
    '\t',
    ' ',
    '\n',
    '\r\n',
    '\0',
    'x'.repeat(80),
  );
  const content = fc
    .array(fc.oneof({ weight: 3, arbitrary: risky }, word), { maxLength: 30 })
    .map((pieces) => pieces.join('').toWellFormed());
  const boundary = /boundary="([^"]+)"/.exec(composeMail(plain).toString())?.[1];
  fc.assert(
    fc.property(content, (letter) => {
      const text = `${letter}\n--${boundary}\n${letter}--${boundary}--`;
      for (const part of partsOf({ ...plain, text, html: letter })) {
        const original = part === undefined ? '' : decode(part);
        assert.ok([text, letter].map((one) => one.replace(/\r\n?|\n/g, '\r\n')).includes(original));
        for (const line of part.lines) {
          assert.ok(line.length <= 76, line);
          assert.doesNotMatch(line, /^\.|^From |^--|[ \t]$|[^ -~\t]/);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test('Reply-To and List-Unsubscribe are headers when they are given, POST for one click only', () => {
  const url = 'https://shop.test/u?l=1';
  const replyTo = 'Support <help@shop.test>';
  const mail = { ...plain, replyTo, unsubscribe: { url, oneClick: true } };
  const raw = composeMail(mail).toString();
  assert.match(raw, /^Reply-To: Support <help@shop\.test>\r$/m);
  assert.match(raw, /^List-Unsubscribe: <https:\/\/shop\.test\/u\?l=1>\r$/m);
  assert.match(raw, /^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m);
  const names = headersOf(mail).map(({ name }) => name);
  assert.ok(names.includes('Reply-To') && names.includes('List-Unsubscribe-Post'));
  const slow = composeMail({ ...plain, unsubscribe: { url, oneClick: false } }).toString();
  assert.doesNotMatch(slow, /-Post|Reply-To/);
  for (const bad of [
    'https://a>\r\nBcc: <x@y.test',
    'http://a.test',
    `https://${'a'.repeat(999)}`,
  ]) {
    assert.throws(
      () => composeMail({ ...plain, unsubscribe: { url: bad, oneClick: false } }),
      TypeError,
    );
  }
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
