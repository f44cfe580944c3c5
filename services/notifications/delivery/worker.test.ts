import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import { eventually } from '#harness/eventually.ts';
import type { SmtpStep } from '#harness/faults/smtp-server.ts';
import {
  contactOf,
  outcomesOf,
  SENDER,
  startLetterBench as start,
} from '#harness/system/letter-workers.ts';
import type { OurFault } from '../smtp/refusal.ts';

test('I6: a letter is sent, once, with its attempt and the server’s answer kept', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  bench.worker();
  const sent = await bench.until(id, 'sent', 1);
  const [attempt] = sent.attempts;
  assert.deepEqual(
    [attempt?.number, attempt?.outcome, attempt?.response, attempt?.error],
    [1, 'sent', '250 2.0.0 queued as 7', null],
  );
  assert.deepEqual([sent.recipient, sent.failure], ['anna@example.com', null]);
  assert.ok(sent.sent_at instanceof Date);
  assert.equal(bench.server.messages.length, 1);
  const [message] = bench.server.messages;
  assert.deepEqual(message?.to, ['anna@example.com']);
  assert.match(message?.raw.toString() ?? '', new RegExp(`^Message-ID: <${id}@orders.test>`, 'm'));
});

test('I6: 4xx answers put a letter back, each attempt kept, until it is sent', async (t) => {
  const bench = await start(t, [
    { at: 'rcpt', do: 'reply', reply: '450 4.2.0 mailbox busy' },
    { at: 'mail', do: 'reply', reply: '421 4.3.2 closing' },
    { at: 'dot', do: 'reply', reply: '451 4.3.0 try later' },
  ]);
  const [id = ''] = await bench.insert('anna');
  bench.worker();
  const sent = await bench.until(id, 'sent', 4);
  assert.deepEqual(outcomesOf(sent), ['transient', 'transient', 'transient', 'sent']);
  assert.deepEqual(
    sent.attempts.map(({ number, response }) => [number, response?.slice(0, 3)]),
    [
      [1, '450'],
      [2, '421'],
      [3, '451'],
      [4, '250'],
    ],
  );
  assert.equal(sent.unknown_outcomes, 0);
  assert.equal(bench.server.messages.length, 1);
});

// Before, each of these ended every letter for good after one attempt.
test('I6: letters wait while the mail server refuses us, with an alarm, until it takes them', async (t) => {
  const steps: [SmtpStep, OurFault][] = [
    [{ at: 'connect', do: 'reply', reply: '554 5.7.1 blocked by a list' }, 'policy'],
    [{ at: 'mail', do: 'reply', reply: '553 <orders@orders.test> not owned' }, 'sender'],
    [{ at: 'mail', do: 'reply', reply: '550 5.7.1 blocked' }, 'policy'],
    [{ at: 'rcpt', do: 'reply', reply: '550 5.7.1 blocked by a list' }, 'policy'],
    [{ at: 'data', do: 'reply', reply: '554 5.7.1 blocked' }, 'policy'],
    [{ at: 'dot', do: 'reply', reply: '550 5.7.26 unauthenticated mail' }, 'policy'],
  ];
  const bench = await start(
    t,
    steps.map(([step]) => step),
  );
  const faults: string[] = [];
  bench.worker({ onFault: ({ fault }) => faults.push(fault) });
  const [id = ''] = await bench.insert('anna');
  const sent = await bench.until(id, 'sent', steps.length + 1);
  assert.deepEqual(outcomesOf(sent), [...steps.map(() => 'transient'), 'sent']);
  assert.deepEqual(
    faults,
    steps.map(([, fault]) => fault),
  );
  assert.equal(sent.unknown_outcomes, 0);
  assert.equal(bench.server.messages.length, 1);
});

test('I6: a refusal of us that lasts for a day ends the letter, with the reason', async (t) => {
  const reply = '550 5.7.1 this recipient takes nothing from you';
  const bench = await start(t, [{ at: 'rcpt', do: 'reply', reply }]);
  const [id = ''] = await bench.insert('anna');
  await bench.sql("update letters set trying_since = now() - interval '25 hours'");
  bench.worker();
  const ended = await bench.until(id, 'failed', 1);
  assert.equal(ended.failure, `gave up: ${reply}`);
});

test('I6: between two tries a letter waits, queued, with the reason it is late', async (t) => {
  const bench = await start(t, [{ at: 'rcpt', do: 'reply', reply: '450 4.2.0 mailbox busy' }]);
  const [id = ''] = await bench.insert('anna');
  const worker = bench.worker({ times: { retry: { firstMs: 600_000, maxMs: 600_000 } } });
  const waiting = await bench.until(id, 'queued', 1);
  assert.equal(waiting.failure, '450 4.2.0 mailbox busy');
  const [{ later } = {}] = await bench.sql('select due_at > now() as later from letters');
  assert.equal(later, true);
  await bench.sql('update letters set due_at = now()');
  worker.kick();
  assert.equal((await bench.until(id, 'sent', 2)).failure, null);
});

test('I6: a 5xx ends a letter as failed at once, with the server’s reason', async (t) => {
  const bench = await start(t, [{ at: 'rcpt', do: 'reply', reply: '550 5.1.1 no such user' }]);
  const [id = '', other = ''] = await bench.insert('anna', 'boris');
  bench.worker({ mailerOptions: { connectionsMax: 1 } });
  const rows = await eventually('both ended', async () => {
    const both = await Promise.all([bench.letter(id), bench.letter(other)]);
    return both.every(({ state }) => state === 'sent' || state === 'failed') && both;
  });
  const failed = rows.find(({ state }) => state === 'failed');
  assert.equal(failed?.failure, '550 5.1.1 no such user');
  const ended = await bench.until(failed.id, 'failed', 1);
  assert.deepEqual(outcomesOf(ended), ['permanent']);
  assert.equal(bench.server.messages.length, 1);
});

test('I6: an address that cannot be is failed without a word to the server', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  const email = 'anna@example.com\r\nRCPT TO:<evil@e.test>';
  bench.worker({
    lookUpContacts: async () => new Map([['anna', { ...contactOf('anna'), email }]]),
  });
  const failed = await bench.until(id, 'failed', 1);
  assert.equal(failed.failure, 'the address is not deliverable');
  assert.equal(bench.server.connections, 0);
});

test('I6: a letter is given up when it is too old, with the last reason', async (t) => {
  const bench = await start(t, [{ at: 'rcpt', do: 'reply', reply: '450 4.2.0 mailbox busy' }]);
  const [id = ''] = await bench.insert('anna');
  await bench.sql("update letters set trying_since = now() - interval '25 hours'");
  bench.worker();
  const failed = await bench.until(id, 'failed', 1);
  assert.equal(failed.failure, 'gave up: 450 4.2.0 mailbox busy');
  assert.deepEqual(outcomesOf(failed), ['transient']);
});

test('I6: a letter without a profile waits for it; the others of its batch do not', async (t) => {
  const bench = await start(t);
  const [late = '', ready = ''] = await bench.insert('late', 'ready');
  const known = new Map([['ready', contactOf('ready')]]);
  bench.worker({ lookUpContacts: async () => new Map(known) });
  await bench.until(ready, 'sent', 1);
  const waiting = await eventually('an attempt', async () => {
    const row = await bench.letter(late);
    return row.attempts.length > 0 && row;
  });
  assert.equal(waiting.attempts[0]?.error, 'the customer has no profile yet');
  known.set('late', contactOf('late'));
  const sent = await eventually('sent', async () => {
    const row = await bench.letter(late);
    return row.state === 'sent' && row.attempts.length > 1 && row;
  });
  assert.equal(sent.recipient, 'late@example.com');
});

test('I6: letters whose look-up failed are tried again; other batches go on', async (t) => {
  const bench = await start(t);
  const [first = ''] = await bench.insert('anna');
  let down = true;
  bench.worker({
    async lookUpContacts(ids) {
      if (down && ids.includes('anna')) throw new Error('profiles answered 503');
      return new Map(ids.map((id) => [id, contactOf(id)]));
    },
    times: { retry: { firstMs: 600_000, maxMs: 600_000 } },
  });
  const waiting = await bench.until(first, 'queued', 1);
  assert.equal(waiting.attempts[0]?.error, 'profiles: profiles answered 503');
  const [second = ''] = await bench.insert('boris');
  await bench.until(second, 'sent', 1);
  down = false;
  await bench.sql('update letters set due_at = now()');
  assert.deepEqual(outcomesOf(await bench.until(first, 'sent', 2)), ['transient', 'sent']);
});

test('I6: a defect of ours is an attempt like any other: kept, and tried again', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  let defective = true;
  bench.worker({
    sender: {
      ...SENDER,
      messageIdOf(letterId) {
        if (!defective) return SENDER.messageIdOf(letterId);
        defective = false;
        throw new TypeError('cannot name the letter');
      },
    },
  });
  const sent = await bench.until(id, 'sent', 2);
  assert.deepEqual(outcomesOf(sent), ['transient', 'sent']);
  assert.equal(sent.attempts[0]?.error, 'cannot name the letter');
  assert.equal(sent.unknown_outcomes, 0);
});

test('close waits for letters under way and takes no more', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const worker = bench.worker({
    // Else a claim that is under way at the close may find the later letter.
    times: { pollMs: 600_000 },
    async lookUpContacts(ids) {
      asked.resolve();
      await gate.promise;
      return new Map(ids.map((one) => [one, contactOf(one)]));
    },
  });
  await asked.promise;
  const closing = worker.close();
  const [later = ''] = await bench.insert('boris');
  worker.kick();
  gate.resolve();
  await closing;
  const sent = await bench.letter(id);
  assert.deepEqual([sent.state, outcomesOf(sent)], ['sent', ['sent']]);
  assert.equal((await bench.letter(later)).state, 'queued');
  assert.equal(bench.server.messages.length, 1);
});

test('I6: a letter that the server took is recorded as sent once the database answers', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  const blocker = await bench.database.dedicatedClient();
  t.after(() => blocker.end());
  const log = pino(
    { level: 'warn' },
    {
      // The record waits for the lock in vain and says so: only then the lock goes.
      write: (line: string) => {
        if (line.includes('not recorded yet')) void blocker.query('commit');
      },
    },
  );
  bench.worker({
    log,
    around: (mailer) => ({
      ...mailer,
      async send(mail, beforeDot) {
        const outcome = await mailer.send(mail, beforeDot);
        await blocker.query('begin');
        await blocker.query('select from letters for update');
        return outcome;
      },
    }),
  });
  await bench.until(id, 'sent', 1);
  assert.equal(bench.server.messages.length, 1);
});

test('the contact of another customer is an alarm, and no letter goes to it', async (t) => {
  const bench = await start(t);
  const ids = await bench.insert('anna', 'boris');
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  let rotated = true;
  const otherThan = (id: string) => (id === 'anna' ? 'boris' : 'anna');
  bench.worker({
    log,
    // By name: tried again, each of them may be looked up alone.
    lookUpContacts: async (customers) =>
      new Map(customers.map((id) => [id, contactOf(rotated ? otherThan(id) : id)])),
  });
  await eventually('both alarms', async () => lines.length >= 2);
  assert.match(lines.join(''), /mixed up/);
  assert.deepEqual(bench.server.messages, []);
  rotated = false;
  for (const id of ids)
    await eventually('sent', async () => (await bench.letter(id)).state === 'sent');
  assert.deepEqual(bench.server.messages.flatMap(({ to }) => to).sort(), [
    'anna@example.com',
    'boris@example.com',
  ]);
});
