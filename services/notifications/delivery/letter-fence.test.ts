import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import {
  contactOf,
  type LetterBench,
  outcomesOf,
  startLetterBench as start,
} from '#harness/system/letter-workers.ts';
import { queueAgain } from '../repair/resend-store.ts';
import { claimLetters } from './claim-store.ts';

/** A look-up of contacts that waits to be let through. */
function gatedLookUp() {
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  return {
    asked: asked.promise,
    open: gate.resolve,
    async lookUpContacts(ids: string[]) {
      asked.resolve();
      await gate.promise;
      return new Map(ids.map((id) => [id, contactOf(id)]));
    },
  };
}

/** As if the holder had not been heard of for longer than its lease. */
const endLeases = (bench: LetterBench) =>
  bench.sql("update letters set due_at = now() - interval '1 second' where token is not null");

for (const [step, copies] of [
  // The server kept it and died before it could say so: the one case with two copies.
  ['accept-and-drop', 2],
  ['drop', 1],
] as const) {
  test(`I6: a connection lost after the dot (${step}) is unknown: counted, the same letter again`, async (t) => {
    const bench = await start(t, [{ at: 'dot', do: step }]);
    const [id = ''] = await bench.insert('anna');
    bench.worker();
    const sent = await bench.until(id, 'sent', 2);
    assert.deepEqual(outcomesOf(sent), ['unknown', 'sent']);
    assert.equal(sent.unknown_outcomes, 1);
    assert.equal(bench.server.dots, 2);
    assert.equal(bench.server.messages.length, copies);
    for (const { to, raw } of bench.server.messages) {
      assert.deepEqual(to, ['anna@example.com']);
      // To the last byte, and so with the same Message-ID.
      assert.deepEqual(raw, bench.server.messages[0]?.raw);
      assert.match(raw.toString(), new RegExp(`^Message-ID: <${id}@orders.test>`, 'm'));
    }
  });
}

for (const at of ['rcpt', 'data', 'body'] as const) {
  test(`I6: a connection lost before the dot (${at}) is known to be unsent: not counted`, async (t) => {
    const bench = await start(t, [{ at, do: 'drop' }]);
    const [id = ''] = await bench.insert('anna');
    let first = true;
    bench.worker({
      around: (mailer) => ({
        ...mailer,
        send: (mail, beforeDot) =>
          mailer.send(mail, async () => {
            // The server drops when the body comes; the marker must not be quicker than that.
            if (at === 'body' && first) await bench.server.disconnected();
            first = false;
            return beforeDot();
          }),
      }),
    });
    const sent = await bench.until(id, 'sent', 2);
    assert.deepEqual(outcomesOf(sent), ['transient', 'sent']);
    assert.equal(sent.unknown_outcomes, 0);
    assert.equal(bench.server.messages.length, 1);
  });
}

test('I6: after an unknown outcome the letter goes where the first copy went', async (t) => {
  const bench = await start(t, [{ at: 'dot', do: 'accept-and-drop' }]);
  const [id = ''] = await bench.insert('anna');
  let looks = 0;
  bench.worker({
    async lookUpContacts(ids) {
      const moved = looks++ > 0 ? { email: 'new@example.com', name: 'New', locale: 'en' } : {};
      return new Map(ids.map((one) => [one, { ...contactOf(one), ...(moved as object) }]));
    },
  });
  const sent = await bench.until(id, 'sent', 2);
  assert.ok(looks > 0);
  assert.deepEqual([sent.recipient, sent.locale], ['anna@example.com', 'ru']);
  const [first, second] = bench.server.messages;
  assert.deepEqual(second, first);
});

test('I6: a letter that was resent before its acceptance was recorded is sent all the same', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  bench.worker({
    around: (mailer) => ({
      ...mailer,
      async send(mail, beforeDot) {
        const outcome = await mailer.send(mail, beforeDot);
        // Another worker took it over meanwhile and failed, and the operator asked for more.
        await bench.sql("update letters set state = 'failed', token = null");
        assert.equal((await queueAgain(bench.database, id))?.state, 'failed');
        return outcome;
      },
    }),
  });
  const sent = await bench.until(id, 'sent', 1);
  assert.deepEqual([sent.recipient, sent.locale], ['anna@example.com', 'ru']);
  assert.equal(bench.server.messages.length, 1);
});

test('a letter that is known to be unsent goes where the profile points by then', async (t) => {
  const bench = await start(t, [{ at: 'dot', do: 'reply', reply: '450 4.2.0 later' }]);
  const [id = ''] = await bench.insert('anna');
  let email = 'old@example.com';
  bench.worker({
    async lookUpContacts() {
      const contact = { ...contactOf('anna'), email };
      email = 'new@example.com';
      return new Map([['anna', contact]]);
    },
  });
  assert.equal((await bench.until(id, 'sent', 2)).recipient, 'new@example.com');
  assert.deepEqual(bench.server.messages[0]?.to, ['new@example.com']);
});

test('I6: who lost the lease sends no dot; who took it over sends the letter', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  const paused = gatedLookUp();
  const first = bench.worker({ lookUpContacts: paused.lookUpContacts });
  await paused.asked;
  await endLeases(bench);
  bench.worker();
  await bench.until(id, 'sent', 2);
  paused.open();
  await first.close();
  const sent = await bench.letter(id);
  assert.deepEqual(outcomesOf(sent), ['transient', 'sent']);
  assert.match(sent.attempts[0]?.error ?? '', /lost its lease/);
  assert.equal(sent.unknown_outcomes, 0);
  // The first worker came as far as DATA, and no further.
  assert.equal(bench.server.commands.filter((line) => line === 'DATA').length, 2);
  assert.deepEqual([bench.server.dots, bench.server.messages.length], [1, 1]);
});

test('I6: a worker that lost the lease cannot put back a letter that another one is sending', async (t) => {
  const bench = await start(t, [{ at: 'rcpt', do: 'reply', reply: '550 5.1.1 no such user' }]);
  const [id = ''] = await bench.insert('anna');
  const paused = gatedLookUp();
  const first = bench.worker({ lookUpContacts: paused.lookUpContacts });
  await paused.asked;
  await endLeases(bench);
  const taker = gatedLookUp();
  bench.worker({ lookUpContacts: taker.lookUpContacts });
  await taker.asked;
  paused.open(); // and the server answers 550
  await first.close();
  assert.equal((await bench.letter(id)).state, 'sending');
  taker.open();
  const sent = await bench.until(id, 'sent', 2);
  assert.equal(sent.failure, null);
  assert.equal(bench.server.messages.length, 1);
});

test('a worker never takes a letter that it is still sending, even without its lease', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  const paused = gatedLookUp();
  const worker = bench.worker({ lookUpContacts: paused.lookUpContacts });
  await paused.asked;
  await endLeases(bench);
  // It claims the second one, and so it has looked again.
  const [second = ''] = await bench.insert('boris');
  worker.kick();
  await eventually('the second claim', async () => (await bench.letter(second)).state !== 'queued');
  paused.open();
  assert.deepEqual(outcomesOf(await bench.until(id, 'sent', 1)), ['sent']);
  await bench.until(second, 'sent', 1);
  assert.equal(bench.server.messages.length, 2);
});

test('a long attempt keeps its lease', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  const paused = gatedLookUp();
  bench.worker({ lookUpContacts: paused.lookUpContacts, times: { renewMs: 5 } });
  await paused.asked;
  await bench.sql('update letters set due_at = now()');
  await eventually('a renewal', async () => {
    const [row] = await bench.sql("select due_at > now() + interval '20 s' as held from letters");
    return row?.held === true;
  });
  paused.open();
  await bench.until(id, 'sent', 1);
});

for (const [name, state, unknown] of [
  ['before the marker', "state = 'sending'", 0],
  [
    'after the marker',
    "state = 'sending', marked_attempt = 1, unknown_outcomes = unknown_outcomes + 1",
    1,
  ],
  ['after the marker of the release before', "state = 'committing'", 1],
] as const) {
  test(`I6: a letter whose sender died ${name} is taken over, ${unknown} counted`, async (t) => {
    const bench = await start(t);
    const [id = ''] = await bench.insert('anna');
    await bench.sql(
      `update letters set ${state}, token = $1, attempt_count = 1, recipient = 'old@example.com',
        recipient_name = 'Old', locale = 'en', due_at = now() - interval '1 second'`,
      [randomUUID()],
    );
    bench.worker();
    const sent = await bench.until(id, 'sent', 2);
    assert.equal(sent.unknown_outcomes, unknown);
    assert.deepEqual(outcomesOf(sent), [unknown === 1 ? 'unknown' : 'transient', 'sent']);
    assert.equal(sent.recipient, unknown === 1 ? 'old@example.com' : 'anna@example.com');
  });
}

test('claims at once never get the same letter', async (t) => {
  const bench = await start(t);
  const ids = await bench.insert(...Array.from({ length: 100 }, (_, i) => `customer-${i}`));
  const claims = await Promise.all(
    Array.from({ length: 10 }, () =>
      claimLetters(bench.database, {
        token: randomUUID(),
        leaseMs: 60_000,
        limit: 20,
        except: [],
        after: '',
      }),
    ),
  );
  const claimed = claims.flatMap(({ letters }) => letters).map(({ id }) => id);
  assert.equal(new Set(claimed).size, claimed.length);
  assert.ok(claimed.length <= ids.length);
});

test('I6: three workers at once send each letter once', async (t) => {
  const bench = await start(t);
  const customers = Array.from({ length: 150 }, (_, i) => `customer-${i}`);
  const ids = await bench.insert(...customers);
  for (let i = 0; i < 3; i++) bench.worker();
  await eventually('all sent', async () => {
    const [row] = await bench.sql("select count(*)::int as n from letters where state = 'sent'");
    return row?.n === ids.length;
  });
  assert.equal(bench.server.messages.length, ids.length);
  assert.deepEqual(
    bench.server.messages.flatMap(({ to }) => to).sort(),
    customers.map((customer) => contactOf(customer).email).sort(),
  );
  const [row] = await bench.sql('select max(attempt_count) as most from letters');
  assert.equal(row?.most, 1);
});
