import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { verifyDkim } from '#harness/dkim.ts';
import { composeMail } from '../letter/compose-mail.ts';
import { createDkimSigner } from './dkim.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const settings = {
  domain: 'shop.test',
  selector: 'orders.2026',
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
};
const message = (text: string) =>
  composeMail({
    messageId: 'a@shop.test',
    from: 'Магазин <shop@shop.test>',
    to: 'anna@customer.test',
    replyTo: 'help@shop.test',
    subject: `Письмо счастья: ${'заказ '.repeat(20)}`,
    text,
    html: '<p>Здравствуйте!</p>\n',
    date: new Date(0),
    language: 'ru',
    unsubscribe: { url: 'https://shop.test/u?l=1', oneClick: true },
  });

test('the signature is valid, covers what receivers rely on, and is the same each time', async () => {
  const sign = createDkimSigner(settings);
  for (const text of [
    'Здравствуйте',
    'a  b \t\n\n.\nFrom x\n\n\n',
    '',
    '\n\n',
    'x'.repeat(5_000),
  ]) {
    const original = message(text);
    const signed = await sign(original);
    assert.deepEqual(signed, await sign(original));
    assert.ok(signed.subarray(-original.length).equals(original), 'the message is unchanged');
    const { tags, headers } = verifyDkim(signed, publicKey);
    assert.deepEqual(
      [tags.d, tags.s, tags.a, tags.c],
      ['shop.test', 'orders.2026', 'rsa-sha256', 'relaxed/relaxed'],
    );
    const covered = ['from', 'to', 'subject', 'date', 'message-id', 'reply-to'];
    for (const name of [...covered, 'list-unsubscribe', 'list-unsubscribe-post']) {
      assert.ok(headers.includes(name), name);
    }
    for (const line of signed.toString('latin1').split('\r\n')) assert.ok(line.length <= 998);
  }
});

test('the verifier of this test refuses a changed header, a changed body and another key', async () => {
  const signed = (await createDkimSigner(settings)(message('one'))).toString('latin1');
  const change = (from: string | RegExp, to: string) =>
    Buffer.from(signed.replace(from, to), 'latin1');
  assert.throws(() => verifyDkim(change('To: anna@', 'To: evil@'), publicKey), /signature/);
  assert.throws(() => verifyDkim(change(/one\r\n/, 'two\r\n'), publicKey), /body/);
  const other = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  assert.throws(() => verifyDkim(Buffer.from(signed, 'latin1'), other), /signature/);
});

test('a key that cannot sign is refused at once, not letter by letter', () => {
  assert.throws(() => createDkimSigner({ ...settings, privateKey: 'secret' }));
});
