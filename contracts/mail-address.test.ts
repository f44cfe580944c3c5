import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  dkimSelectorFault,
  isDeliverableAddress,
  isMailAddress,
  KNOWN_MAIL_ADDRESS,
  mailAddressFault,
  mailDomainFault,
  mailSenderFault,
  parseSender,
} from './mail-address.ts';

const of = (length: number, letter = 'b') => letter.repeat(length);
/** An address of a total length. */
const long = (length: number) => `a@${`${of(60)}.`.repeat(3)}${of(length - 193)}.example`;

const GOOD = [
  ...['anna@example.com', 'a@b.ru', "o'hara+orders=1@mail.example.co.uk", '{}|~^`$%&*/?#!@x.io'],
  ...['anna@xn--e1afmkfd.xn--p1ai', 'a@1.com', 'a@192.0.2.1.example', 'a@b.c1', 'a@b.c-1'],
  ...['operator@localhost.localdomain', 'A@EXAMPLE.COM', `${of(64)}@x.io`, `a@${of(63)}.io`],
  ...[`a@x.${of(63)}`, long(254)],
];
/** Taken by former versions, and possible for a mail server. */
const FORMER = ['a@b.c', 'anna@example.x'];
/** Taken by former versions, and never sent to. */
const NEVER_SENT = ['x@10.0.0.1', 'a@b.123', 'a@1.2', 'a@b.1a', 'a@127.0.0.0x1', 'a@b.1-2'];
const BAD = [
  ...['', 'anna', 'anna@', '@example.com', 'anna@example', 'a@localhost', 'a@[127.0.0.1]'],
  ...['a@[IPv6:::1]', 'a@::1', 'a@b..com', 'a@.b.com', 'a@b.com.', 'a@b@example.com'],
  ...['.a@x.io', 'a.@x.io', 'a..b@x.io', 'a b@x.io', '"a b"@x.io', 'a(c)@x.io', '<a@x.io>'],
  ...['Anna <a@x.io>', 'a@-x.io', 'a@x-.io', 'a@x.-io', 'a@x.io-', 'a@x_y.io', 'a@x.io, e@x.io'],
  ...['a@x.io\n', '\na@x.io', 'a@x.io\r\nRCPT TO:<e@x.io>', 'a\u0000@x.io', 'a@x.io\u007f'],
  ...['анна@пример.рф', 'user@пример.рф', 'аnna@example.com', 'a\u200b@x.io', 'a@x.ıo', 'a@ⓧ.io'],
  ...[`${of(65)}@x.io`, `a@${of(64)}.io`, `a@x.${of(64)}`, long(255)],
];

test('an address that can be entered has a domain of letters, and fits in an envelope', () => {
  assert.deepEqual(
    GOOD.filter((one) => !isMailAddress(one)),
    [],
  );
  assert.deepEqual([...FORMER, ...NEVER_SENT, ...BAD].filter(isMailAddress), []);
});

test('what former versions took is known, and is sent to unless its domain is an IP address', () => {
  const known = new RegExp(KNOWN_MAIL_ADDRESS, 'u');
  assert.deepEqual(
    [...GOOD, ...FORMER, ...NEVER_SENT].filter((one) => !known.test(one)),
    [],
  );
  assert.deepEqual(
    [...GOOD, ...FORMER].filter((one) => !isDeliverableAddress(one)),
    [],
  );
  assert.deepEqual([...NEVER_SENT, ...BAD].filter(isDeliverableAddress), []);
});

test('a hostile address takes no time to speak of', () => {
  for (const text of [of(200_000), `${'a.'.repeat(100_000)}@`, `a@${'b.'.repeat(100_000)}1`]) {
    assert.equal(
      new RegExp(KNOWN_MAIL_ADDRESS, 'u').test(text.slice(0, 400_000)),
      text.endsWith('1'),
    );
  }
});

test('settings keep the same rule, and say when letters are not supported', () => {
  for (const sender of [
    'a@b.example',
    'Orderbell <orders@b.localdomain>',
    '"A, Б" <a@b.example>',
  ]) {
    assert.equal(mailSenderFault(sender), null);
  }
  assert.deepEqual(parseSender('"A, Б" <a@b.example>'), { name: 'A, Б', address: 'a@b.example' });
  for (const sender of [
    'orders',
    'A <a@b.example',
    '<a@b.example> x',
    'a@b.io, c@d.io',
    'A <a@1.2>',
  ]) {
    assert.match(mailSenderFault(sender) ?? '', /^must be an address, or a name and an <address>/);
  }
  assert.match(mailSenderFault('Анна <анна@пример.рф>') ?? '', /in ASCII: .* not supported/);
  assert.match(mailSenderFault('Анна <anna@1.2>') ?? '', /no IP address/);
  assert.equal(mailAddressFault('anna@example.com'), null);
  assert.match(mailAddressFault('x@10.0.0.1') ?? '', /no IP address/);
  assert.match(mailAddressFault('анна@пример.рф') ?? '', /not supported.*xn--/);
  for (const domain of ['example.com', 'mail.example.co.uk']) {
    assert.equal(mailDomainFault(domain), null);
  }
  for (const domain of [
    'localhost',
    'a b.example',
    'x@example.com',
    'example.com.',
    '192.0.2.1',
    'a;d=b.c',
  ]) {
    assert.match(mailDomainFault(domain) ?? '', /dotted domain/);
  }
  for (const selector of ['s1', 'orders.2026', 'a-b'])
    assert.equal(dkimSelectorFault(selector), null);
  for (const selector of ['a_b', 'a b', 'a;d=x', '', '-', 'x@y']) {
    assert.match(dkimSelectorFault(selector) ?? '', /letters, digits/);
  }
});
