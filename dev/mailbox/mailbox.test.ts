import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type TestContext } from 'node:test';
import { createTransport } from 'nodemailer';
import pino from 'pino';
import { eventually } from '#harness/eventually.ts';
import { createMailer, type Mail } from '#services/notifications/smtp/mailer.ts';
import { type MailboxOptions, startMailbox } from './mailbox.ts';

const log = pino({ level: 'silent' });
const agree = () => Promise.resolve(true);

async function temporaryFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mailbox-'));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, 'deeper', 'mailbox.sqlite');
}

async function openMailbox(t: TestContext, options: Partial<MailboxOptions> = {}) {
  const file = options.file ?? (await temporaryFile(t));
  const mailbox = await startMailbox({ file, smtpPort: 0, httpPort: 0, log, ...options });
  let open = true;
  const close = async () => {
    if (open) await mailbox.close();
    open = false;
  };
  t.after(close);
  return { ...mailbox, close, file };
}

type OpenMailbox = Awaited<ReturnType<typeof openMailbox>>;

async function deliver(mailbox: OpenMailbox, mails: Partial<Mail>[], beforeDot = agree) {
  const mailer = createMailer({ urls: [mailbox.smtpUrl], connectionsMax: 4, log });
  try {
    return await Promise.all(
      mails.map((changes, i) =>
        mailer.send(
          {
            messageId: `m${i}@orders.test`,
            from: 'shop@shop.test',
            to: 'anna@customer.test',
            subject: 'Письмо счастья',
            text: 'Здравствуйте!\n',
            html: '<p>Здравствуйте!</p>\n',
            date: new Date('2026-03-05T09:07:00Z'),
            ...changes,
          },
          beforeDot,
        ),
      ),
    );
  } finally {
    await mailer.close();
  }
}

async function deliverInTurn(mailbox: OpenMailbox, mails: Partial<Mail>[]) {
  for (const mail of mails) {
    const [outcome] = await deliver(mailbox, [mail]);
    assert.equal(outcome?.outcome, 'sent');
  }
}

interface Summary {
  id: number;
  subject: string;
  to: string;
  [name: string]: unknown;
}

async function list(mailbox: OpenMailbox, query = '') {
  const response = await fetch(`${mailbox.httpUrl}/mailbox/messages${query}`);
  assert.equal(response.status, 200);
  return (await response.json()) as { data: Summary[]; next: number | null };
}

async function get(mailbox: OpenMailbox, path: string) {
  const response = await fetch(mailbox.httpUrl + path);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test('what was answered with 250 is there after a restart', async (t) => {
  const first = await openMailbox(t);
  await deliverInTurn(first, [{ messageId: 'a@orders.test' }]);
  for (const ending of ['', '-wal', '-shm']) {
    const { mode } = statSync(first.file + ending);
    assert.equal((mode & 0o777).toString(8), '600', `of others: ${ending}`);
  }
  await first.close();
  chmodSync(first.file, 0o644);
  const second = await openMailbox(t, { file: first.file });
  assert.equal(statSync(first.file).mode & 0o777, 0o600);
  await deliverInTurn(second, [{ messageId: 'b@orders.test' }]);
  const { data, next } = await list(second);
  assert.deepEqual(
    data.map(({ messageId }) => messageId),
    ['<b@orders.test>', '<a@orders.test>'],
  );
  assert.equal(next, null);
});

test('letters that arrive together are all kept, once each', async (t) => {
  const mailbox = await openMailbox(t);
  const outcomes = await deliver(
    mailbox,
    Array.from({ length: 60 }, (_, i) => ({ subject: `№ ${i}` })),
  );
  assert.ok(outcomes.every(({ outcome }) => outcome === 'sent'));
  const { data } = await list(mailbox, '?limit=100');
  assert.equal(new Set(data.map(({ subject }) => subject)).size, 60);
});

test('refuse@… is refused for good, busy@… for the moment, and neither is kept', async (t) => {
  const mailbox = await openMailbox(t);
  const [gone, busy, kept] = await deliver(mailbox, [
    { to: 'Refuse@customer.test' },
    { to: 'busy@customer.test' },
    { to: 'refused@busy.test' },
  ]);
  assert.equal(gone?.outcome, 'permanent');
  assert.match(JSON.stringify(gone), /550 5\.1\.1/);
  assert.equal(busy?.outcome, 'transient');
  assert.match(JSON.stringify(busy), /450 4\.2\.1/);
  assert.equal(kept?.outcome, 'sent');
  const { data } = await list(mailbox);
  assert.deepEqual(
    data.map(({ to }) => to),
    ['refused@busy.test'],
  );
});

test('a letter whose dot was withheld is not kept', async (t) => {
  const mailbox = await openMailbox(t);
  const [outcome] = await deliver(mailbox, [{}], () => Promise.resolve(false));
  assert.equal(outcome?.outcome, 'withheld');
  await deliverInTurn(mailbox, [{ subject: 'later' }]);
  const { data } = await list(mailbox);
  assert.deepEqual(
    data.map(({ subject }) => subject),
    ['later'],
  );
});

test('a list comes in pages, newest first', async (t) => {
  const mailbox = await openMailbox(t);
  await deliverInTurn(
    mailbox,
    ['a', 'b', 'c'].map((subject) => ({ subject })),
  );
  const first = await list(mailbox, '?limit=2');
  assert.deepEqual(
    first.data.map(({ subject }) => subject),
    ['c', 'b'],
  );
  const second = await list(mailbox, `?limit=2&before=${first.next}`);
  assert.deepEqual(
    second.data.map(({ subject }) => subject),
    ['a'],
  );
  assert.equal(second.next, null);
});

test('a search finds recipient and subject in any case, and takes no pattern', async (t) => {
  const mailbox = await openMailbox(t);
  await deliverInTurn(mailbox, [
    { subject: 'Письмо ГОРЯ', to: 'Boris@customer.test' },
    { subject: 'Письмо счастья 100%' },
  ]);
  const found = async (search: string) => {
    const { data } = await list(mailbox, `?search=${encodeURIComponent(search)}`);
    return data.map(({ id }) => id);
  };
  assert.deepEqual(await found('горя'), [1]);
  assert.deepEqual(await found('СЧАСТЬЯ'), [2]);
  assert.deepEqual(await found('boris@'), [1]);
  assert.deepEqual(await found('письмо'), [2, 1]);
  assert.deepEqual(await found('%'), [2]);
  assert.deepEqual(await found("'; drop table messages; --"), []);
  assert.deepEqual(await found('"><script>'), []);
});

test('one message is shown as JSON and as its source', async (t) => {
  const mailbox = await openMailbox(t);
  await deliverInTurn(mailbox, [{ text: 'Первая\n.\nвторая\n' }]);
  const json = JSON.parse((await get(mailbox, '/mailbox/messages/1')).text);
  assert.partialDeepStrictEqual(json, {
    id: 1,
    from: 'shop@shop.test',
    to: 'anna@customer.test',
    subject: 'Письмо счастья',
    messageId: '<m0@orders.test>',
    text: 'Первая\n.\nвторая\n',
    html: '<p>Здравствуйте!</p>\n',
  });
  assert.ok(json.headers.some((header: { name: string }) => header.name === 'auto-submitted'));
  const source = await get(mailbox, '/mailbox/messages/1/source');
  assert.equal(source.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(source.text, json.source);
  assert.equal(Buffer.byteLength(source.text), json.size);
});

test('a hostile letter is never a page', async (t) => {
  const mailbox = await openMailbox(t);
  const attack = `"'></pre><script>alert(1)</script><img src=x onerror=alert(2)>`;
  await deliverInTurn(mailbox, [{ subject: attack, text: attack, html: attack }]);
  const types = [
    ['/mailbox/messages', 'application/json; charset=utf-8'],
    ['/mailbox/messages/1', 'application/json; charset=utf-8'],
    ['/mailbox/messages/1/source', 'text/plain; charset=utf-8'],
  ] as const;
  for (const [path, type] of types) {
    const { text, headers } = await get(mailbox, path);
    assert.match(text, /script/);
    assert.equal(headers.get('content-type'), type);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none';/);
    assert.doesNotMatch(policy, /script-src|style-src|https?:/);
  }
});

test('malformed input is 400, what is not there 404', async (t) => {
  const mailbox = await openMailbox(t);
  const bad = ['?limit=0', '?limit=101', '?limit=x', '?before=-1', '?x=1', '?search=a&search=b'];
  for (const query of bad) {
    assert.equal((await get(mailbox, `/mailbox/messages${query}`)).status, 400, query);
  }
  for (const id of ['x', '1e3', '01', '-1', '99999999999999999', "1'"]) {
    assert.equal((await get(mailbox, `/mailbox/messages/${id}`)).status, 400, id);
    assert.equal((await get(mailbox, `/mailbox/messages/${id}/source`)).status, 400, id);
  }
  // The pages themselves are the console's.
  const missing = ['/mailbox/messages/7', '/mailbox/messages/7/source', '/mailbox', '/', '/x'];
  for (const path of missing) {
    assert.equal((await get(mailbox, path)).status, 404, path);
  }
});

test('a request under a foreign host name is refused', async (t) => {
  const mailbox = await openMailbox(t);
  const socket = net.connect(Number(new URL(mailbox.httpUrl).port), '127.0.0.1');
  socket.write('GET /mailbox/messages HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n');
  const answer = Buffer.concat(await socket.toArray()).toString();
  assert.match(answer, /^HTTP\/1\.1 421 [\s\S]*"code":"unknown-host"/);
});

test('a message over the size limit is refused for good', async (t) => {
  const mailbox = await openMailbox(t);
  const [outcome] = await deliver(mailbox, [{ text: 'x'.repeat(1024 * 1024) }]);
  assert.ok(outcome?.outcome === 'permanent');
  assert.match(outcome.response ?? '', /^552 /);
  assert.equal((await list(mailbox)).data.length, 0);
});

/** Begins a message by hand: what the mailer sends is never hostile. */
async function beginMail(mailbox: OpenMailbox) {
  const { hostname, port } = new URL(mailbox.smtpUrl);
  const socket = net.connect(Number(port), hostname);
  socket.setEncoding('latin1');
  let received = '';
  socket.on('data', (chunk: string) => {
    received += chunk;
  });
  socket.on('error', () => {});
  // Not `once`, which an error on the way to the end would reject.
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.on('close', () => resolve());
  const said = (code: string) =>
    eventually(`the answer ${code}`, async () => {
      assert.ok(!socket.closed, `closed after ${received}`);
      return received.includes(code);
    });
  await said('220 ');
  for (const [line, code] of [
    ['EHLO x.example', '250 '],
    ['MAIL FROM:<evil@x.example>', '250 Accepted'],
    ['RCPT TO:<anna@customer.test>', '250 Accepted'],
    ['DATA', '354 '],
  ] as const) {
    received = '';
    socket.write(`${line}\r\n`);
    await said(code);
  }
  received = '';
  return { socket, closed, received: () => received };
}

/** Sends a message as it is. @returns what the mailbox said to it */
async function sendRaw(mailbox: OpenMailbox, text: string): Promise<string> {
  const { socket, closed, received } = await beginMail(mailbox);
  socket.write(`${text}\r\n.\r\nQUIT\r\n`, 'latin1');
  await closed;
  return received();
}

const HEAD = 'From: evil@x.example\r\nTo: anna@customer.test\r\nSubject: hostile\r\n';
const levels = (count: number) =>
  Array.from({ length: count }, (_, i) => {
    const head = `Content-Type: multipart/mixed; boundary=b${i}`;
    return `${head}\r\n\r\n--b${i}\r\n`;
  }).join('');
/** Beyond what is parsed for display. */
const BEYOND: Record<string, string> = {
  'nested 1,000 deep': `${HEAD}${levels(1_000)}\r\nx`,
  'nested 101 deep': `${HEAD}${levels(101)}\r\nx`,
  '20,000 parts': `${HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(20_000)}`,
  'one header of 900 KB': `${HEAD}X-Long: ${'a'.repeat(900_000)}\r\n\r\nx`,
  '100,000 headers': `${HEAD}${'X: a\r\n'.repeat(100_000)}\r\nx`,
  '900 KB of addresses': `${HEAD}Cc: ${'a@b.example, '.repeat(70_000)}\r\n\r\nx`,
  'a part with a large header': `${HEAD}${levels(1)}X: ${'a'.repeat(100_000)}\r\n\r\nx`,
  'no header at all': 'a\r\n'.repeat(300_000),
};
/** Odd, and still shown. */
const WITHIN: Record<string, string> = {
  'mails in mails': `${HEAD}${'Content-Type: message/rfc822\r\n\r\n'.repeat(1_000)}\r\nx`,
  'an unknown character set': `${HEAD}Content-Type: text/plain; charset=x-none\r\n\r\ntext`,
  'broken base64': `${HEAD}Content-Transfer-Encoding: base64\r\n\r\n====*!`,
  'line breaks only': `${HEAD}\r\n${'\r\n'.repeat(400_000)}`,
  'nothing at all': '',
};

test('a hostile message is kept and shown as its source, and never an error', async (t) => {
  const mailbox = await openMailbox(t);
  let id = 0;
  for (const [name, text] of Object.entries({ ...BEYOND, ...WITHIN })) {
    id += 1;
    assert.match(await sendRaw(mailbox, text), /^250 /, name);
    const answer = await get(mailbox, `/mailbox/messages/${id}`);
    assert.equal(answer.status, 200, name);
    // A page shows it: no text of it may be as large as the message.
    assert.ok(answer.text.length < 2_000_000, `${name}: ${answer.text.length} characters`);
    const mail = JSON.parse(answer.text);
    assert.equal(mail.displayable, name in WITHIN, name);
    if (name in BEYOND) assert.deepEqual([mail.text, mail.html], [null, null]);
    assert.ok(mail.headers.length <= 500, name);
    assert.ok(text.startsWith(mail.source.slice(0, 1_000).trimEnd()), name);
    const source = await get(mailbox, `/mailbox/messages/${id}/source`);
    assert.equal(source.text.trimEnd(), text.trimEnd(), name);
  }
  assert.ok((await get(mailbox, '/mailbox/messages?limit=100')).text.length < 400_000);
  // Many at once wait for each other, and too many are refused for the moment.
  const many = Array.from({ length: 60 }, () => get(mailbox, '/mailbox/messages/1'));
  const statuses = new Set((await Promise.all(many)).map(({ status }) => status));
  assert.deepEqual([...statuses].sort(), [200, 503]);
});

test('long texts of a sender do not make the list long', async (t) => {
  const mailbox = await openMailbox(t);
  const long = 'x'.repeat(60_000);
  await sendRaw(mailbox, `Subject: ${long}\r\nMessage-ID: <${long}>\r\n\r\nx`);
  const { data } = await list(mailbox);
  assert.ok(JSON.stringify(data).length < 4_000);
  const { hostname, port } = new URL(mailbox.smtpUrl);
  const socket = net.connect(Number(port), hostname);
  const said = socket.setEncoding('latin1').toArray();
  await once(socket, 'readable');
  socket.write(`EHLO x\r\nMAIL FROM:<${long.slice(0, 300)}@x.example>\r\nQUIT\r\n`);
  assert.match((await said).join(''), /^501 /m);
});

test('a message that never ends is cut, and the mailbox goes on', async (t) => {
  const mailbox = await openMailbox(t);
  const { socket, closed } = await beginMail(mailbox);
  const chunk = 'a\r\n'.repeat(20_000);
  let sent = 0;
  // Bounded: the buffers of the connection hold a few MB beyond what is read.
  while (!socket.destroyed && sent < 64 * 1024 * 1024) {
    sent += chunk.length;
    const drained = new Promise((resolve) => socket.once('drain', resolve));
    if (!socket.write(chunk)) await Promise.race([drained, closed]);
  }
  assert.ok(socket.destroyed, `${sent} bytes were taken`);
  await deliverInTurn(mailbox, [{ subject: 'later' }]);
  assert.deepEqual(
    (await list(mailbox)).data.map(({ subject }) => subject),
    ['later'],
  );
});

test('silent connections do not keep the mailer out', async (t) => {
  const mailbox = await openMailbox(t, { settings: { MAILBOX_CONNECTIONS_MAX: 32 } });
  const { hostname, port } = new URL(mailbox.smtpUrl);
  const silent = Array.from({ length: 32 }, () => net.connect(Number(port), hostname));
  t.after(() => {
    for (const socket of silent) socket.destroy();
  });
  for (const socket of silent) socket.on('error', () => {});
  await Promise.all(silent.map((socket) => once(socket, 'data')));
  // A connection that has just come is spared, so the first tries may fail.
  await eventually('a letter gets in', async () => {
    const [outcome] = await deliver(mailbox, [{ subject: 'in' }]);
    return outcome?.outcome === 'sent';
  });
  assert.ok(silent.filter(({ closed }) => closed).length < 16);
});

test('the oldest messages go when they take too many bytes', async (t) => {
  const bytesMax = 4 * 1024 * 1024;
  const settings = { MAILBOX_BYTES_MAX: bytesMax };
  const mailbox = await openMailbox(t, { settings });
  const big = { text: `${'x'.repeat(70)}\n`.repeat(2_000) };
  for (let round = 0; round < 10; round++) {
    await deliver(
      mailbox,
      Array.from({ length: 10 }, () => big),
    );
  }
  const { data } = await list(mailbox, '?limit=100');
  assert.equal(data[0]?.id, 100);
  const kept = data.reduce((sum, { size }) => sum + Number(size), 0);
  assert.ok(kept > bytesMax / 2 && kept <= bytesMax * 1.25, `${kept} bytes are kept`);
});

test('the oldest messages go when there are too many', async (t) => {
  const mailbox = await openMailbox(t, { settings: { MAILBOX_MESSAGES_MAX: 5 } });
  // Pruning is done with the first message and then every thousand.
  await deliver(
    mailbox,
    Array.from({ length: 1_001 }, () => ({})),
  );
  await mailbox.close();
  const again = await openMailbox(t, { file: mailbox.file, settings: { MAILBOX_MESSAGES_MAX: 5 } });
  await deliver(again, [{}]);
  const { data, next } = await list(again, '?limit=100');
  assert.deepEqual([data.length, data.at(-1)?.id, next], [5, 998, null]);
  assert.equal((await get(again, '/mailbox/messages/997')).status, 404);
});

test('a taken port stops the start with an error', async (t) => {
  const { httpUrl } = await openMailbox(t);
  const file = await temporaryFile(t);
  const httpPort = Number(new URL(httpUrl).port);
  await assert.rejects(startMailbox({ file, smtpPort: 0, httpPort, log }), /in use/);
  const smtpPort = httpPort;
  await assert.rejects(startMailbox({ file, smtpPort, httpPort: 0, log }), /EADDRINUSE/);
});

test('a search finds the text of a letter, however it is encoded', async (t) => {
  const mailbox = await openMailbox(t);
  await deliverInTurn(mailbox, [
    { text: 'Здравствуйте!\nВаш заказ: Чайник со свистком\n', html: '<p>иначе</p>' },
    { text: `Tea = ${'x'.repeat(100)} and biscuits\n` },
  ]);
  const found = async (search: string) => {
    const { data } = await list(mailbox, `?search=${encodeURIComponent(search)}`);
    return data.map(({ id }) => id);
  };
  assert.deepEqual(await found('чайник СО'), [1]);
  assert.deepEqual(await found('and biscuits'), [2]);
  assert.deepEqual(await found('tea = x'), [2]);
  assert.deepEqual(await found('кофейник'), []);
  await send(mailbox, 'DELETE', '/mailbox/messages/1');
  assert.deepEqual(await found('чайник'), []);
});

test('a letter is unread until it is marked, also for a mailbox of an earlier version', async (t) => {
  const file = await temporaryFile(t);
  const first = await openMailbox(t, { file });
  await deliverInTurn(first, [{}, {}]);
  await first.close();
  const old = new DatabaseSync(file);
  old.exec('alter table messages drop column seen');
  old.close();
  const mailbox = await openMailbox(t, { file });
  const seen = async () => (await list(mailbox)).data.map((mail) => mail.seen);
  assert.deepEqual(await seen(), [false, false]);
  assert.equal((await send(mailbox, 'PUT', '/mailbox/messages/1/seen')).status, 200);
  assert.deepEqual(await seen(), [false, true]);
  assert.equal((await send(mailbox, 'PUT', '/mailbox/messages/9/seen')).status, 404);
});

test('one letter is deleted, or all of them', async (t) => {
  const mailbox = await openMailbox(t);
  await deliverInTurn(mailbox, [{}, {}, {}]);
  const erased = await send(mailbox, 'DELETE', '/mailbox/messages/2');
  assert.deepEqual(await erased.json(), { erased: 1 });
  assert.equal((await get(mailbox, '/mailbox/messages/2')).status, 404);
  assert.deepEqual(
    (await list(mailbox)).data.map(({ id }) => id),
    [3, 1],
  );
  const all = await send(mailbox, 'DELETE', '/mailbox/messages');
  assert.deepEqual(await all.json(), { erased: 2 });
  assert.deepEqual((await list(mailbox)).data, []);
  await deliverInTurn(mailbox, [{}]);
  assert.equal((await list(mailbox)).data.length, 1);
});

test('the attachments of a letter are listed', async (t) => {
  const mailbox = await openMailbox(t);
  const transport = createTransport({ url: mailbox.smtpUrl });
  t.after(() => transport.close());
  await transport.sendMail({
    from: 'shop@shop.test',
    to: 'anna@customer.test',
    text: 'see the file',
    attachments: [{ filename: 'счёт.pdf', content: 'abc', contentType: 'application/pdf' }],
  });
  const { attachments } = JSON.parse((await get(mailbox, '/mailbox/messages/1')).text);
  assert.deepEqual(attachments, [{ name: 'счёт.pdf', type: 'application/pdf', size: 3 }]);
});

function send(mailbox: OpenMailbox, method: string, path: string): Promise<Response> {
  return fetch(mailbox.httpUrl + path, { method });
}
