import assert from 'node:assert/strict';
import { once } from 'node:events';
import test, { type TestContext } from 'node:test';
import { simpleParser } from 'mailparser';
import pino from 'pino';
import { SMTPServer } from 'smtp-server';
import {
  type SmtpStep,
  startTestSmtpServer,
  type TestSmtpServer,
} from '#harness/faults/smtp-server.ts';
import { renderLetter } from '../letter/template.ts';
import { createMailer, isDeliverableAddress, type Mail, type MailerOptions } from './mailer.ts';

const log = pino({ level: 'silent' });
const agree = () => Promise.resolve(true);

function mail(changes: Partial<Mail> = {}): Mail {
  return {
    messageId: 'o1.paid@orders.test',
    from: 'Магазин <shop@shop.test>',
    to: 'anna@customer.test',
    subject: 'Письмо счастья: заказ o1 оплачен',
    text: 'Здравствуйте!\n',
    html: '<p>Здравствуйте!</p>\n',
    date: new Date('2026-03-05T09:07:00Z'),
    ...changes,
  };
}

function startMailer(t: TestContext, url: string, options: Partial<MailerOptions> = {}) {
  const mailer = createMailer({ urls: [url], connectionsMax: 1, log, ...options });
  t.after(() => mailer.close());
  return mailer;
}

/** The header block of a raw message, lines unfolded. */
function headersOf(raw: Buffer): string[] {
  const block = raw.toString('latin1').split('\r\n\r\n', 1)[0] ?? '';
  return block.replace(/\r\n[ \t]/g, ' ').split('\r\n');
}

function only(server: TestSmtpServer) {
  assert.equal(server.messages.length, 1);
  const message = server.messages[0];
  assert.ok(message);
  return message;
}

test('a letter arrives whole, with its envelope, both parts and the fixed headers', async (t) => {
  const server = await startTestSmtpServer(t, { acceptReply: '2.0.0 queued as 7' });
  const text = 'Первая\n.\nMAIL FROM:<evil@e.test>\n.\r\n..две\n';
  const outcome = await startMailer(t, server.url).send(mail({ text, language: 'ru' }), agree);
  assert.deepEqual(outcome, {
    outcome: 'sent',
    stage: 'after-dot',
    response: '250 2.0.0 queued as 7',
    error: null,
  });
  const { from, to, raw } = only(server);
  assert.deepEqual([from, to], ['shop@shop.test', ['anna@customer.test']]);
  const headers = headersOf(raw);
  assert.ok(headers.includes('Message-ID: <o1.paid@orders.test>'));
  assert.ok(headers.includes('Date: Thu, 05 Mar 2026 09:07:00 +0000'));
  assert.ok(headers.includes('Auto-Submitted: auto-generated'));
  assert.ok(headers.includes('Content-Language: ru'));
  const parsed = await simpleParser(raw);
  assert.equal(parsed.subject, mail().subject);
  assert.equal(parsed.from?.value[0]?.name, 'Магазин');
  assert.equal(parsed.text, text.replace(/\r\n/g, '\n'));
  assert.equal(String(parsed.html), mail().html);
});

test('the dot leaves only once the caller agreed, and the body before that', async (t) => {
  const server = await startTestSmtpServer(t);
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<boolean>();
  const sending = startMailer(t, server.url).send(mail(), () => {
    asked.resolve();
    return answer.promise;
  });
  await asked.promise;
  assert.equal(server.commands.at(-1), 'DATA');
  assert.equal(server.dots, 0);
  answer.resolve(true);
  assert.equal((await sending).outcome, 'sent');
  assert.equal(server.dots, 1);
});

test('when the caller says no, the server sees no dot and the next letter is sent', async (t) => {
  const server = await startTestSmtpServer(t);
  const mailer = startMailer(t, server.url);
  assert.deepEqual(await mailer.send(mail(), () => Promise.resolve(false)), {
    outcome: 'withheld',
    stage: 'body',
    response: null,
    error: null,
  });
  assert.equal((await mailer.send(mail(), agree)).outcome, 'sent');
  assert.equal(server.dots, 1);
  only(server);
});

test('when the caller’s marker fails, nothing was sent and that is known', async (t) => {
  const server = await startTestSmtpServer(t);
  const mailer = startMailer(t, server.url);
  const outcome = await mailer.send(mail(), () => Promise.reject(new Error('database down')));
  assert.equal(outcome.outcome, 'transient');
  assert.match(outcome.error ?? '', /database down/);
  assert.equal(server.dots, 0);
});

/** About us and not about the letter, which waits. */
const ours = (fault: string) => ({ outcome: 'transient', fault });

const refusals: [SmtpStep['at'], string, object][] = [];
for (const at of ['mail', 'rcpt', 'data', 'dot'] as const) {
  refusals.push([at, '421 4.3.2 closing', { outcome: 'transient' }]);
  refusals.push([at, '450 4.2.0 later', { outcome: 'transient' }]);
  const known = at === 'mail' ? ours('sender') : { outcome: 'permanent' };
  refusals.push([at, '550 5.1.1 no such user', known]);
  refusals.push([at, '550 5.7.1 blocked by a list', ours('policy')]);
}
refusals.push(['connect', '554 5.7.1 go away', ours('policy')]);
refusals.push(['connect', '554 no service here', ours('server')]);
refusals.push(['mail', '530 5.7.0 sign in first', ours('sign-in')]);
refusals.push(['mail', '553 sender not owned', ours('sender')]);
refusals.push(['data', '554 refused', ours('policy')]);
refusals.push(['rcpt', '550 no such user', { outcome: 'permanent' }]);
refusals.push(['dot', '554 refused', { outcome: 'permanent' }]);

for (const extensions of [[], ['PIPELINING']]) {
  for (const [at, reply, expected] of refusals) {
    test(`"${reply}" at ${at} (${extensions}) is ${JSON.stringify(expected)}`, async (t) => {
      const step: SmtpStep = { at, do: 'reply', reply };
      const server = await startTestSmtpServer(t, { script: [step], extensions });
      const mailer = startMailer(t, server.url);
      let asked = 0;
      const outcome = await mailer.send(mail(), async () => {
        asked += 1;
        return true;
      });
      assert.partialDeepStrictEqual(outcome, { ...expected, response: reply });
      assert.equal(asked, at === 'dot' ? 1 : 0, 'the marker is for the dot alone');
      assert.equal(server.messages.length, 0);
      assert.equal((await mailer.send(mail(), agree)).outcome, 'sent');
    });
  }
}

const losses: [SmtpStep, boolean][] = [
  [{ at: 'connect', do: 'drop' }, false],
  [{ at: 'ehlo', do: 'drop' }, false],
  [{ at: 'mail', do: 'drop' }, false],
  [{ at: 'rcpt', do: 'drop' }, false],
  [{ at: 'data', do: 'drop' }, false],
  [{ at: 'dot', do: 'drop' }, true],
  [{ at: 'dot', do: 'accept-and-drop' }, true],
  [{ at: 'connect', do: 'hang' }, false],
  [{ at: 'ehlo', do: 'hang' }, false],
  [{ at: 'mail', do: 'hang' }, false],
  [{ at: 'data', do: 'hang' }, false],
  [{ at: 'dot', do: 'hang' }, true],
];
for (const [step, unknown] of losses) {
  test(`${step.do} at ${step.at}: transient, ${unknown ? 'maybe' : 'surely not'} accepted`, async (t) => {
    const server = await startTestSmtpServer(t, { script: [step] });
    // A busy machine may exceed the short ones of earlier steps.
    const timeouts =
      step.at === 'dot'
        ? { afterDotMs: 150 }
        : { connectMs: 150, greetingMs: 150, commandMs: 150, afterDotMs: 150 };
    const short = step.do === 'hang' ? { timeouts } : {};
    const mailer = startMailer(t, server.url, short);
    const outcome = await mailer.send(mail(), agree);
    assert.partialDeepStrictEqual(outcome, {
      response: null,
      outcome: unknown ? 'unknown' : 'transient',
    });
    assert.equal(server.messages.length, step.do === 'accept-and-drop' ? 1 : 0);
  });
}

test('a connection lost while the caller writes its marker releases no dot', async (t) => {
  const server = await startTestSmtpServer(t);
  const outcome = await startMailer(t, server.url).send(mail(), async () => {
    await server.dropConnections();
    return true;
  });
  assert.ok(['transient', 'unknown'].includes(outcome.outcome));
  assert.equal(server.messages.length, 0);
});

test('a server that answers 250 before the dot is not believed', async (t) => {
  const step: SmtpStep = { at: 'body', do: 'reply', reply: '250 2.0.0 queued' };
  const server = await startTestSmtpServer(t, { script: [step] });
  const outcome = await startMailer(t, server.url).send(mail(), async () => {
    await server.disconnected(); // the mailer hangs up on it
    return true;
  });
  assert.partialDeepStrictEqual(outcome, { outcome: 'transient' });
  assert.equal(server.dots, 0);
});

test('a refused connection is transient', async (t) => {
  const outcome = await startMailer(t, 'smtp://127.0.0.1:1').send(mail(), agree);
  assert.partialDeepStrictEqual(outcome, { outcome: 'transient', response: null });
});

test('closing ends what waits for the answer to its dot, as unknown', async (t) => {
  const server = await startTestSmtpServer(t, { script: [{ at: 'dot', do: 'hang' }] });
  const mailer = startMailer(t, server.url);
  const sending = mailer.send(mail(), agree);
  await server.reached('dot');
  await mailer.close();
  assert.partialDeepStrictEqual(await sending, { outcome: 'unknown' });
  await assert.rejects(mailer.send(mail(), agree), /closed/);
});

test('closing during the marker sends no dot, and waits for the marker', async (t) => {
  const server = await startTestSmtpServer(t);
  const mailer = startMailer(t, server.url);
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  let markerWritten = false;
  const sending = mailer
    .send(mail(), async () => {
      asked.resolve();
      await answer.promise;
      markerWritten = true;
      return true;
    })
    .then((outcome) => ({ outcome, markerWritten }));
  await asked.promise;
  const closed = mailer.close();
  await server.disconnected();
  answer.resolve();
  const expected = { outcome: { outcome: 'transient' }, markerWritten: true };
  assert.partialDeepStrictEqual(await sending, expected);
  await closed;
  assert.equal(server.dots, 0);
});

test('connections are kept, and never more than allowed', async (t) => {
  const server = await startTestSmtpServer(t);
  const mailer = startMailer(t, server.url, { connectionsMax: 2 });
  for (let i = 0; i < 3; i += 1) await mailer.send(mail(), agree);
  assert.equal(server.connections, 1);
  const together = Promise.withResolvers<boolean>();
  let asked = 0;
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, () =>
      mailer.send(mail(), () => {
        asked += 1;
        if (asked === 2) together.resolve(true); // two are between body and dot at once
        return together.promise;
      }),
    ),
  );
  assert.ok(outcomes.every(({ outcome }) => outcome === 'sent'));
  assert.equal(server.connections, 2);
  assert.equal(server.messages.length, 13);
});

test('a kept connection that the server ended costs no attempt', async (t) => {
  const closing: SmtpStep = { at: 'mail', do: 'reply', reply: '421 4.4.2 idle too long' };
  const server = await startTestSmtpServer(t, { script: [undefined, undefined, closing] });
  const mailer = startMailer(t, server.url);
  await mailer.send(mail(), agree);
  await server.dropConnections();
  assert.equal((await mailer.send(mail(), agree)).outcome, 'sent');
  assert.equal((await mailer.send(mail(), agree)).outcome, 'sent');
  assert.equal(server.connections, 3);
  assert.equal(server.messages.length, 3);
});

test('the same letter sent twice is the same bytes', async (t) => {
  const server = await startTestSmtpServer(t);
  const mailer = startMailer(t, server.url);
  await mailer.send(mail(), agree);
  await mailer.send(mail(), agree);
  assert.deepEqual(server.messages[0]?.raw, server.messages[1]?.raw);
});

test('line breaks in name and subject make no header and no recipient', async (t) => {
  const server = await startTestSmtpServer(t);
  const name = 'Bob\r\nBcc: evil@e.test\n\u0000\u2028To: evil@e.test\r\n\r\n.\r\n';
  const letter = renderLetter(
    {
      kind: 'grief',
      locale: 'en',
      name,
      orderId: 'o1\r\nX-Evil: 1',
      total: { amount: 1, currency: 'RUB' },
      reason: 'voided',
      occurredAt: '2026-03-05T09:07:00Z',
    },
    1,
  );
  const mailer = startMailer(t, server.url);
  await mailer.send(mail({ ...letter }), agree);
  await mailer.send(mail({ subject: `Hi ${name}`, text: name, html: name }), agree);
  assert.equal(server.messages.length, 2);
  for (const { raw, to } of server.messages) {
    assert.deepEqual(to, ['anna@customer.test']);
    const names = headersOf(raw).map((line) => line.split(':', 1)[0]);
    assert.deepEqual(names.sort(), [
      'Auto-Submitted',
      'Content-Type',
      'Date',
      'From',
      'MIME-Version',
      'Message-ID',
      'Subject',
      'To',
    ]);
    const parsed = await simpleParser(raw);
    assert.equal(parsed.bcc, undefined);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    assert.doesNotMatch(parsed.subject ?? '', /[\u0000-\u001f\u2028]/);
    assert.match(parsed.text ?? '', /Bcc: evil@e\.test/);
  }
});

test('only one plain address is deliverable', () => {
  const good = ['a@x.test', "o'neil+tag.x@mail.x-y.test", 'operator@localhost.localdomain'];
  const bad = [
    'a@x.test\r\nRCPT TO:<evil@e.test>',
    'a@x.test\n',
    'a@x.test, evil@e.test',
    'a@x.test evil@e.test',
    'group: a@x.test;',
    '"a b"@x.test',
    'a(comment)@x.test',
    '<a@x.test>',
    'Anna <a@x.test>',
    'a@b@x.test',
    'a@localhost',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    'a@-x.test',
    'a@x..test',
    '.a@x.test',
    'a.@x.test',
    'a..b@x.test',
    'анна@x.test',
    'a@почта.рф',
    'a\u0000@x.test',
    '',
    '@x.test',
    `${'a'.repeat(65)}@x.test`,
    `a@${'x'.repeat(64)}.test`,
    `a@${'x.'.repeat(125)}test`,
  ];
  assert.deepEqual(
    good.filter((address) => !isDeliverableAddress(address)),
    [],
  );
  assert.deepEqual(bad.filter(isDeliverableAddress), []);
});

test('an undeliverable address is refused without a connection', async (t) => {
  const server = await startTestSmtpServer(t);
  const mailer = startMailer(t, server.url);
  const to = 'a@x.test\r\nRCPT TO:<evil@e.test>';
  assert.equal((await mailer.send(mail({ to }), agree)).outcome, 'permanent');
  assert.equal(server.connections, 0);
});

test('a malformed Message-ID is a defect, a malformed sender a fault of the settings', async (t) => {
  const server = await startTestSmtpServer(t);
  const mailer = startMailer(t, server.url);
  await assert.rejects(mailer.send(mail({ messageId: 'a@b>\r\nBcc: x' }), agree), TypeError);
  const outcome = await mailer.send(mail({ from: 'shop' }), agree);
  assert.partialDeepStrictEqual(outcome, ours('sender'));
  assert.equal((await mailer.send(mail(), agree)).outcome, 'sent', 'the slot was given back');
});

test('the URL’s user and password are percent-decoded; a refusal blames no letter', async (t) => {
  const refuse: SmtpStep = { at: 'auth', do: 'reply', reply: '535 5.7.8 wrong' };
  const server = await startTestSmtpServer(t, { script: [refuse], extensions: ['AUTH PLAIN'] });
  const url = server.url.replace('smtp://', 'smtp://us%40er:p%2F%3Aw@');
  const mailer = startMailer(t, url);
  const first = await mailer.send(mail(), agree);
  assert.partialDeepStrictEqual(first, ours('sign-in'));
  assert.equal((await mailer.send(mail(), agree)).outcome, 'sent');
  const plain = server.commands.filter((line) => line.startsWith('AUTH PLAIN ')).at(-1) ?? '';
  assert.equal(Buffer.from(plain.slice(11), 'base64').toString(), '\0us@er\0p/:w');
});

test('with requireTLS a server without STARTTLS gets nothing', async (t) => {
  const server = await startTestSmtpServer(t);
  const outcome = await startMailer(t, `${server.url}?requireTLS=true`).send(mail(), agree);
  assert.partialDeepStrictEqual(outcome, { outcome: 'transient' });
  assert.ok(!server.commands.some((line) => line.startsWith('MAIL')));
});

test('a server with an untrusted STARTTLS certificate gets no mail', async (t) => {
  let mails = 0;
  const server = new SMTPServer({
    logger: false,
    authOptional: true,
    onMailFrom: (_address, _session, done) => {
      mails += 1;
      done();
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  server.on('error', () => {});
  t.after(() => server.close());
  const { port } = listening.address() as { port: number };
  const outcome = await startMailer(t, `smtp://127.0.0.1:${port}`).send(mail(), agree);
  assert.partialDeepStrictEqual(outcome, { outcome: 'transient' });
  assert.equal(mails, 0);
});

test('a malformed SMTP URL is refused without repeating its password', () => {
  for (const url of ['http://u:secret@h', 'secret', 'smtp://', 'smtp://u:secret@h?x=1']) {
    assert.throws(
      () => createMailer({ urls: [url], connectionsMax: 1, log }),
      (error: Error) => error instanceof TypeError && !error.message.includes('secret'),
    );
  }
});
