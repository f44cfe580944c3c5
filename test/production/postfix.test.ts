import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { simpleParser } from 'mailparser';
import { createCertificate } from '#harness/certificate.ts';
import { verifyDkim } from '#harness/dkim.ts';
import { eventually } from '#harness/eventually.ts';
import { startTestSmtpServer } from '#harness/faults/smtp-server.ts';
import { contactOf, outcomesOf, SENDER, startLetterBench } from '#harness/system/letter-workers.ts';
import { cannotStartPostfix, startPostfix } from '#harness/system/postfix.ts';
import { skipWithout } from '#harness/system/tools.ts';

// A real relay between us and the mailbox: what it takes, what it changes, and what it says.

const skip = skipWithout('postfix') || cannotStartPostfix;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const dkim = {
  domain: 'orders.test',
  selector: 's1',
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
};

async function start(t: TestContext, settings: Record<string, string> = {}) {
  const mailbox = await startTestSmtpServer(t);
  const { cert, private: key } = await createCertificate('127.0.0.1', { name: 'relay.test' });
  const relayTo = new URL(mailbox.url).host;
  const postfix = await startPostfix(t, { relayTo, cert, key, settings });
  return { mailbox, cert, postfix, bench: await startLetterBench(t) };
}

test('Postfix with a private authority takes the letters; they arrive signed, readable, once', {
  skip,
}, async (t) => {
  const { mailbox, cert, postfix, bench } = await start(t, { smtpd_tls_loglevel: '1' });
  const urls = [`${postfix.url}?requireTLS=true`];
  const ids = await bench.insert('anna', 'boris', 'vera');
  bench.worker({
    mailerOptions: { urls, trusted: cert, dkim, clientName: 'worker.orders.test' },
    sender: {
      ...SENDER,
      replyTo: 'help@orders.test',
      unsubscribe: 'https://orders.test/u?l={letterId}',
    },
    lookUpContacts: async (customers) =>
      new Map(customers.map((id) => [id, { ...contactOf(id), name: 'Anna', locale: 'en' }])),
  });
  for (const id of ids) assert.deepEqual(outcomesOf(await bench.until(id, 'sent', 1)), ['sent']);
  await eventually('all three', async () => mailbox.messages.length === 3);
  for (const { raw } of mailbox.messages) {
    const text = raw.toString('latin1');
    assert.match(text, /^Received: from worker\.orders\.test/m);
    const { headers } = verifyDkim(raw, publicKey);
    for (const name of ['from', 'to', 'subject', 'date', 'message-id', 'reply-to']) {
      assert.ok(headers.includes(name), name);
    }
    assert.ok(headers.includes('list-unsubscribe') && headers.includes('list-unsubscribe-post'));
    assert.doesNotMatch(text, /base64/);
    assert.match(text, /^Hello, Anna!\r$/m);
    const parsed = await simpleParser(raw);
    assert.match(parsed.text ?? '', /\n-- \nThis letter was sent automatically/);
  }
  assert.match(await postfix.readLog(), /TLS connection established/);
});

test('Postfix with a certificate of nobody: the fault says TLS, and ignoreTLS sends on this machine', {
  skip,
}, async (t) => {
  const { mailbox, postfix, bench } = await start(t);
  const [id = ''] = await bench.insert('anna');
  const faults: string[] = [];
  const worker = bench.worker({
    mailerOptions: { urls: [postfix.url] },
    onFault: ({ fault, provider }) => faults.push(`${fault} ${provider}`),
  });
  await eventually('the fault', async () => faults.length > 0);
  assert.equal(faults[0], `tls ${postfix.host}`);
  await worker.close();
  bench.worker({ mailerOptions: { urls: [`${postfix.url}?ignoreTLS=true`] } });
  await eventually('sent', async () => (await bench.letter(id)).state === 'sent');
  await eventually('arrived', async () => mailbox.messages.length === 1);
});

test('letters wait for a Postfix that refuses to relay, and the fault says policy', {
  skip,
}, async (t) => {
  const { cert, postfix, bench } = await start(t, { mynetworks: '192.0.2.1' });
  const [id = ''] = await bench.insert('anna');
  const faults: string[] = [];
  bench.worker({
    mailerOptions: { urls: [postfix.url], trusted: cert },
    onFault: ({ fault, reason }) => faults.push(`${fault} ${reason}`),
  });
  await eventually('the fault', async () => faults.length > 0);
  assert.match(faults[0] ?? '', /^policy 55\d 5\.7\.1 /);
  assert.notEqual((await bench.letter(id)).state, 'failed');
});
