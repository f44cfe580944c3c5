import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { SMTPServer } from 'smtp-server';
import { eventually } from '#harness/eventually.ts';
import { type SmtpStep, startTestSmtpServer } from '#harness/faults/smtp-server.ts';
import { outcomesOf, startLetterBench as start } from '#harness/system/letter-workers.ts';
import type { MailFault } from '../smtp/refusal.ts';

// Short enough for a test, and long enough to be seen.
const WAIT = { firstMs: 40, maxMs: 200 };
const waits = { signIn: WAIT, other: WAIT };
const NEVER = { firstMs: 3_600_000, maxMs: 3_600_000 };
const HANDSHAKE: SmtpStep = { at: 'connect', do: 'reply', reply: '554 5.3.2 no service' };

const customers = (count: number) => Array.from({ length: count }, (_, at) => `customer-${at}`);
const hostOf = (url: string) => new URL(url).host;

type Bench = Awaited<ReturnType<typeof start>>;

async function countsOf({ sql }: Bench) {
  const [row] = await sql(
    `select count(*) filter (where state = 'queued')::int as queued,
        count(*) filter (where state = 'sent')::int as sent,
        sum(attempt_count)::int as attempts, max(attempt_count) as most,
        sum(unknown_outcomes)::int as unknown,
        (select count(*)::int from letter_attempts) as recorded
      from letters`,
  );
  return row as Record<'queued' | 'sent' | 'attempts' | 'most' | 'unknown' | 'recorded', number>;
}

/** A mail server of a library that refuses each password while `refuses` is set. */
async function startAccountServer(t: TestContext) {
  const state = { refuses: true, signIns: 0, mails: 0 };
  const server = new SMTPServer({
    logger: false,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth(_auth, _session, done) {
      state.signIns += 1;
      if (state.refuses) done(new Error('Invalid login'));
      else done(null, { user: 'shop' });
    },
    onData(stream, _session, done) {
      state.mails += 1;
      stream.resume().on('end', () => done());
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  server.on('error', () => {});
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = listening.address() as { port: number };
  return Object.assign(state, { url: `smtp://shop:wrong@127.0.0.1:${port}` });
}

test('I6: a server that refuses the password sees a handful of sign-ins, whatever waits', async (t) => {
  const account = await startAccountServer(t);
  const bench = await start(t);
  await bench.insert(...customers(300));
  const faults: MailFault[] = [];
  // The waits of the product: the next sign-in is 15 s away at least.
  const worker = bench.worker({
    mailerOptions: { urls: [account.url], connectionsMax: 20 },
    onFault: ({ fault }) => faults.push(fault),
  });
  await eventually('the pause', async () => {
    const { attempts, queued } = await countsOf(bench);
    return queued === 300 && attempts === 3;
  });
  for (let times = 0; times < 20; times += 1) {
    worker.kick();
    await bench.sql('select pg_sleep(0.05)');
  }
  const counts = await countsOf(bench);
  assert.deepEqual([account.signIns, counts.recorded, counts.attempts], [3, 3, 3]);
  assert.deepEqual(faults, ['sign-in', 'sign-in', 'sign-in']);
  const [soon] = await bench.sql(
    `select count(*)::int as due from letters where ready and due_at <= now() and token is null`,
  );
  assert.ok(Number(soon?.due) >= 297, 'the others wait as if nothing had been tried');
});

test('I6: once the sign-in works all letters go at once, each in one attempt', async (t) => {
  const account = await startAccountServer(t);
  const bench = await start(t);
  await bench.insert(...customers(300));
  const reported: string[] = [];
  bench.worker({
    mailerOptions: {
      urls: [account.url],
      connectionsMax: 20,
      waits,
      onPaused: (provider, { fault }) => reported.push(`${provider} ${fault}`),
      onResumed: (provider) => reported.push(`${provider} is back`),
    },
  });
  const provider = hostOf(account.url);
  await eventually('a probe', async () => account.signIns > 4);
  account.refuses = false;
  await eventually('all sent', async () => (await countsOf(bench)).sent === 300);
  assert.equal(account.mails, 300);
  const { attempts, recorded, unknown } = await countsOf(bench);
  // Each refused sign-in was one attempt, and no other letter lost one.
  const refused = attempts - 300;
  assert.ok(refused >= 4, `${refused}`);
  assert.deepEqual([recorded, unknown], [attempts, 0]);
  assert.ok(account.signIns - refused <= 20, 'then one for each connection');
  assert.deepEqual(reported, [`${provider} sign-in`, `${provider} is back`]);
});

test('I6: letters wait for a server that is away, and for its next probe', async (t) => {
  const bench = await start(t, Array(6).fill(HANDSHAKE));
  await bench.insert(...customers(9));
  bench.worker({ mailerOptions: { waits } });
  await eventually('all sent', async () => (await countsOf(bench)).sent === 9);
  const { attempts, recorded } = await countsOf(bench);
  assert.deepEqual([attempts, recorded], [9 + 6, 9 + 6]);
  assert.equal(bench.server.messages.length, 9);
});

test('I6: the next server takes over, each letter arrives once, and the first gets them back', async (t) => {
  const bench = await start(t);
  const second = await startTestSmtpServer(t);
  const first = bench.server;
  first.script.push(...Array(50).fill(HANDSHAKE));
  await bench.insert(...customers(40));
  bench.worker({ mailerOptions: { urls: [first.url, second.url], waits } });
  await eventually('all sent', async () => (await countsOf(bench)).sent === 40);
  assert.equal(first.messages.length, 0);
  const ids = second.messages.map(({ raw }) => /^Message-ID: (.*)/m.exec(raw.toString())?.[1]);
  assert.deepEqual([ids.length, new Set(ids).size], [40, 40]);
  first.script.length = 0;
  await eventually('the way back', async () => {
    await bench.insert('again');
    return first.messages.length > 0;
  });
});

for (const step of ['drop', 'accept-and-drop'] as const) {
  test(`I6: an unknown outcome (${step}) stays one when the next server takes over`, async (t) => {
    const bench = await start(t, [{ at: 'dot', do: step }, ...Array(50).fill(HANDSHAKE)]);
    const second = await startTestSmtpServer(t);
    const [id = ''] = await bench.insert('anna');
    bench.worker({
      mailerOptions: {
        urls: [bench.server.url, second.url],
        waits: { signIn: NEVER, other: NEVER },
      },
    });
    const sent = await bench.until(id, 'sent', 5);
    assert.deepEqual(outcomesOf(sent), ['unknown', 'transient', 'transient', 'transient', 'sent']);
    assert.equal(sent.unknown_outcomes, 1);
    assert.equal(second.messages.length, 1);
    const copies = [...bench.server.messages, ...second.messages];
    assert.equal(copies.length, step === 'drop' ? 1 : 2);
    for (const { raw, to } of copies) {
      assert.deepEqual([raw, to], [second.messages[0]?.raw, ['anna@example.com']]);
    }
  });
}

test('I6: a sender that is refused again and again pauses too; a recipient does not', async (t) => {
  const bench = await start(t);
  const refusal = (at: 'mail' | 'rcpt', reply: string): SmtpStep => ({ at, do: 'reply', reply });
  bench.server.script.push(...Array(9).fill(refusal('rcpt', '550 5.1.1 no such user')));
  await bench.insert(...customers(9));
  const paused: string[] = [];
  bench.worker({
    mailerOptions: {
      connectionsMax: 1,
      waits: { signIn: NEVER, other: NEVER },
      onPaused: (_, { fault }) => paused.push(fault),
    },
  });
  await eventually('nine', async () => (await countsOf(bench)).recorded === 9);
  assert.deepEqual(paused, []);
  bench.server.script.push(...Array(9).fill(refusal('mail', '550 5.7.1 account is suspended')));
  await bench.insert(...customers(20));
  await eventually('the pause', async () => paused.length > 0);
  assert.deepEqual(paused, ['policy']);
  await eventually('rest', async () => (await countsOf(bench)).queued === 20);
  assert.equal((await countsOf(bench)).recorded, 9 + 3);
});

test('I6: a letter is given up after its day, also while nothing is tried', async (t) => {
  const bench = await start(t, Array(3).fill(HANDSHAKE));
  const [old = '', young = ''] = await bench.insert('anna', 'boris');
  bench.worker({
    mailerOptions: { waits: { signIn: NEVER, other: NEVER } },
    times: { renewMs: 5 },
  });
  await eventually('the pause', async () => {
    const { recorded, queued } = await countsOf(bench);
    return recorded === 3 && queued === 2;
  });
  await bench.sql(
    `update letters set id = '019ac0de-1111-7000-8000-000000000001',
        trying_since = now() - interval '25 hours' where id = $1`,
    [old],
  );
  const failed = await eventually('the end', async () => {
    const [row] = await bench.sql(`select state, failure from letters where state = 'failed'`);
    return row;
  });
  assert.equal(failed.failure, 'gave up: 554 5.3.2 no service');
  assert.equal((await bench.letter(young)).state, 'queued');
});
