import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { AccountLetter } from '#contracts/account-letters.ts';
import { createTestDatabaseUrl, migrationsOf, openDatabase, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { type SmtpStep, startTestSmtpServer } from '#harness/faults/smtp-server.ts';
import { textOfMail } from '#harness/oracle/mail-text.ts';
import { SENDER } from '#harness/system/letter-workers.ts';
import { startNotificationsService } from '#harness/system/notifications-service.ts';
import { createMailer } from '../smtp/mailer.ts';
import { insertAccountLetter } from './account-letter-store.ts';
import { type AccountLetterOptions, startAccountLetters } from './account-letter-worker.ts';
import { renderAccountLetter } from './template.ts';

const LINK = 'https://shop.example/confirm#abc&def';
const KINDS = ['confirm-address', 'address-known', 'reset-password', 'password-changed'] as const;

const letterOf = (changes: Partial<AccountLetter> = {}): AccountLetter => ({
  id: randomUUIDv7(),
  kind: 'confirm-address',
  email: 'anna@example.com',
  locale: 'ru',
  link: LINK,
  ...changes,
});

/** The whole service. @param settings differ from the defaults of tests */
async function start(
  t: TestContext,
  script: (SmtpStep | undefined)[] = [],
  settings: Record<string, string> = {},
) {
  const service = await startNotificationsService(t, script, settings);
  return {
    ...service,
    send: (letter: object) => service.call('POST', '/account-letters', letter),
    row: async (id: string) =>
      (await service.database.query('select * from account_letters where id = $1', [id])).rows[0],
  };
}

type Service = Awaited<ReturnType<typeof start>>;

function until(service: Service, id: string, state: string) {
  return eventually(`${state} letter`, async () => {
    const row = await service.row(id);
    return row?.state === state && row;
  });
}

test('each kind arrives in both languages, with its link, and the link is kept no longer', async (t) => {
  const service = await start(t);
  for (const kind of KINDS) {
    for (const locale of ['ru', 'en'] as const) {
      const email = `${kind}-${locale}@example.com`;
      const letter = letterOf({ kind, locale, email });
      const answer = await service.send(letter);
      assert.deepEqual([answer.status, answer.body], [202, { id: letter.id }]);
      const row = await until(service, letter.id, 'sent');
      assert.deepEqual([row.link, row.attempt_count, row.token], [null, 1, null]);
      const message = service.server.messages.find(({ to }) => to[0] === email);
      const text = textOfMail(message?.raw.toString('latin1') ?? '');
      const { subject, text: expected } = renderAccountLetter(letter);
      assert.ok(text.startsWith(subject));
      assert.ok(text.includes(expected.trimEnd()), text);
      const withLink = kind === 'confirm-address' || kind === 'reset-password';
      assert.equal(text.includes(LINK), withLink);
    }
  }
  const { html } = renderAccountLetter(letterOf({ link: 'https://a.example/"><script>' }));
  assert.doesNotMatch(html, /<script/);
});

test('a letter that is asked for twice is sent once, and one without its link is refused', async (t) => {
  const service = await start(t);
  const letter = letterOf();
  await Promise.all([service.send(letter), service.send(letter), service.send(letter)]);
  await until(service, letter.id, 'sent');
  assert.equal((await service.send(letter)).status, 202);
  const { link: _, ...linkless } = letterOf();
  const refused = await service.send(linkless);
  assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, '/link']);
  for (const bad of [
    letterOf({ link: 'javascript:alert(1)' }),
    letterOf({ link: 'https://a.example/a b' }),
    letterOf({ email: 'a@b.cd\r\nBcc: e@f.gh' }),
    { ...letterOf(), name: 'Anna' },
  ]) {
    assert.equal((await service.send(bad)).status, 400);
  }
  const foreign = { caller: 'notifications' } as const;
  assert.equal((await service.call('POST', '/account-letters', letter, foreign)).status, 403);
  // Behind all others.
  const last = letterOf({ email: 'last@example.com' });
  await service.send(last);
  await until(service, last.id, 'sent');
  assert.equal(service.server.messages.length, 2);
});

test('a 4xx is tried again with the same bytes, a 5xx fails and the operator sees it', async (t) => {
  const later = { at: 'dot', do: 'reply', reply: '450 4.2.0 later' } as const;
  const unknown = { at: 'rcpt', do: 'reply', reply: '550 5.1.1 no such user' } as const;
  const service = await start(t, [later, undefined, unknown]);
  const letter = letterOf();
  await service.send(letter);
  const sent = await until(service, letter.id, 'sent');
  assert.equal(sent.attempt_count, 2);
  const failing = letterOf({ email: 'nobody@example.com' });
  await service.send(failing);
  const failed = await until(service, failing.id, 'failed');
  assert.deepEqual([failed.failure, failed.link], ['550 5.1.1 no such user', null]);
  const { body } = await service.call('GET', '/overview');
  assert.deepEqual(body.accountLetters, { waiting: 0, failed: 1 });
});

test('an unconfirmed address gets three letters of all kinds in an hour, in any form', async (t) => {
  const service = await start(t, [], { CONFIRM_ADDRESSES: 'true' });
  const forms = ['Anna@Example.com', 'anna+1@example.COM', 'anna+shop@example.com'];
  const letters = KINDS.map((kind, index) => letterOf({ kind, email: forms[index % 3] as string }));
  for (const letter of letters) {
    await service.send(letter);
    await eventually('an end', async () => {
      const row = await service.row(letter.id);
      return row.state === 'sent' || (row.state === 'queued' && row.failure !== null);
    });
  }
  assert.equal(service.server.messages.length, 3);
  const row = await service.row(letters.at(-1)?.id as string);
  assert.deepEqual([row.state, row.attempt_count], ['queued', 0]);
  assert.match(row.failure, /three letters went to this address within an hour/);
  const waitMs = row.due_at.getTime() - Date.now();
  assert.ok(waitMs > 3_400_000 && waitMs <= 3_600_000, `${waitMs}`);

  // An hour later a slot is free.
  await service.database.query(`update recipient_slots set taken_at = now() - interval '1 hour'`);
  await service.database.query(`update account_letters set due_at = now() where state = 'queued'`);
  await until(service, row.id, 'sent');
});

test('a confirmed address gets three of each kind, and eleven that wait are one too many', async (t) => {
  const service = await start(t, [], { CONFIRM_ADDRESSES: 'true' });
  const email = 'anna@example.com';
  const profile = { customerId: 'anna', email, name: 'Anna', locale: 'en', emailConfirmed: true };
  await service.profiles.call('POST', '/profiles', profile);
  for (const kind of ['reset-password', 'address-known'] as const) {
    for (let i = 0; i < 3; i++) {
      const letter = letterOf({ kind, email });
      await service.send(letter);
      await until(service, letter.id, 'sent');
    }
  }
  const statuses = [];
  for (let i = 0; i < 12; i++) {
    statuses.push((await service.send(letterOf({ kind: 'address-known', email }))).status);
  }
  assert.deepEqual(statuses, [...Array(10).fill(202), 429, 429]);
  // Another address is not concerned.
  const other = letterOf({ kind: 'address-known', email: 'boris@example.com' });
  assert.equal((await service.send(other)).status, 202);
  await until(service, other.id, 'sent');
  assert.equal(service.server.messages.length, 7);
});

test('letters about accounts that hang do not delay a letter of an order', async (t) => {
  const hang = { at: 'dot', do: 'hang' } as const;
  const service = await start(t, [hang, hang, hang, hang]);
  const many = Array.from({ length: 40 }, () => letterOf({ email: `${randomUUID()}@example.com` }));
  await Promise.all(many.map((letter) => service.send(letter)));
  await eventually('four that hang', async () => service.server.dots === 4);
  await service.putProfile('anna', 'anna@example.com');
  const id = await service.insert();
  await service.until(id, 'sent', 1);
  assert.equal(service.server.messages.length, 1);
});

async function openWorkers(t: TestContext) {
  const server = await startTestSmtpServer(t);
  const stops: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const stop of stops) await stop();
    await database.close();
  };
  const url = await createTestDatabaseUrl(t, close, migrationsOf('notifications'));
  const database = openDatabase(url);
  return {
    server,
    database,
    worker(options: Partial<AccountLetterOptions> = {}) {
      const mailer = createMailer({ urls: [server.url], connectionsMax: 4, log: testLog });
      const worker = startAccountLetters({
        database,
        mailer,
        sender: SENDER,
        log: testLog,
        findConfirmed: async () => new Set(),
        onFault: () => {},
        ...options,
        times: { pollMs: 5, retry: { firstMs: 1, maxMs: 5 }, ...options.times },
      });
      stops.push(() => worker.close().then(() => mailer.close()));
      return worker;
    },
    states: async () =>
      (
        await database.query<{ state: string; count: number }>(
          'select state, count(*)::int from account_letters group by state order by state',
        )
      ).rows,
  };
}

test('several workers send each letter once, and a stranger’s address gets three in all', async (t) => {
  const bench = await openWorkers(t);
  for (let i = 0; i < 60; i++) {
    const email = i < 30 ? 'stranger@example.com' : `anna-${i}@example.com`;
    await insertAccountLetter(bench.database, letterOf({ email }), 100);
  }
  for (let i = 0; i < 3; i++) bench.worker();
  await eventually('33 letters', async () => {
    const [queued, sent] = await bench.states();
    return queued?.count === 27 && sent?.count === 33;
  });
  const strangers = bench.server.messages.filter(({ to }) => to[0] === 'stranger@example.com');
  assert.deepEqual([bench.server.messages.length, strangers.length], [33, 3]);
});

test('the letter of a worker that died is sent by another, and one that waits too long fails', async (t) => {
  const bench = await openWorkers(t);
  const [dead, late, lateReset] = [
    letterOf(),
    letterOf({ email: 'b@example.com' }),
    letterOf({ kind: 'reset-password', email: 'c@example.com' }),
  ];
  for (const letter of [dead, late, lateReset]) {
    await insertAccountLetter(bench.database, letter, 10);
  }
  const wait = `due_at = now() + interval '1 day'`;
  await bench.database.query(
    `update account_letters set ${wait}, created_at = now() - case kind
        when 'reset-password' then interval '61 minutes' else interval '25 hours' end
      where id = any($1::uuid[])`,
    [[late.id, lateReset.id]],
  );
  await bench.database.query(
    `update account_letters set state = 'sending', token = gen_random_uuid() where id = $1`,
    [dead.id],
  );
  bench.worker();
  await eventually('their ends', async () => {
    const [failed, sent] = await bench.states();
    return failed?.count === 2 && sent?.count === 1;
  });
  const { rows } = await bench.database.query(
    `select link, failure from account_letters where state = 'failed'`,
  );
  for (const row of rows) {
    assert.deepEqual(row, { link: null, failure: 'gave up: no mail server can be used' });
  }
});
