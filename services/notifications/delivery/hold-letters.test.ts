import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { textOfMail } from '#harness/oracle/mail-text.ts';
import { contactOf, startLetterBench } from '#harness/system/letter-workers.ts';
import { newLetter } from '#harness/system/new-letter.ts';
import { startNotificationsService } from '#harness/system/notifications-service.ts';
import { insertLetters } from '../inbox/inbox-store.ts';
import { mailboxOf } from '../recipient/mailbox-of.ts';
import { listWaitingCustomers, releaseLetters } from './hold-store.ts';

const DECLINED = {
  status: 'Cancelled',
  reason: 'insufficient-funds',
  paymentOperationId: null,
} as const;

/** Workers for customers who have confirmed no address. */
async function start(t: TestContext) {
  const bench = await startLetterBench(t);
  return {
    ...bench,
    confirming: () =>
      bench.worker({
        confirmAddresses: true,
        lookUpContacts: async (ids) =>
          new Map(ids.map((id) => [id, { ...contactOf(id), emailConfirmed: false }])),
      }),
    async decline(customerId: string, count: number) {
      const rows = Array.from({ length: count }, () => newLetter({ ...DECLINED, customerId }));
      await insertLetters(bench.database, rows);
      return rows.map(({ id }) => id);
    },
    counts: async () =>
      Object.fromEntries(
        (
          await bench.sql(
            `select coalesce(waits_for, state) as state, count(*)::int as count from letters
              group by 1`,
          )
        ).map(({ state, count }) => [state, count]),
      ),
  };
}

test('letters that wait are claimed once, then at the end of their day, when they fail', async (t) => {
  const bench = await start(t);
  await bench.decline('anna', 300);
  bench.confirming();
  await eventually('two sent, 298 that wait', async () => {
    const { confirmation, sent } = await bench.counts();
    return confirmation === 298 && sent === 2;
  });
  const [row] = await bench.sql(
    `select extract(epoch from min(due_at - trying_since))::int as first, max(attempt_count)::int as attempts,
        bool_or(ready) as ready, (select count(*)::int from letter_attempts) as recorded
      from letters where waits_for is not null`,
  );
  assert.equal(row?.first, 86_400);
  assert.deepEqual([row?.attempts, row?.ready, row?.recorded], [0, false, 2]);

  // Another customer does not wait behind them.
  const [id = ''] = await bench.insert('boris');
  await bench.until(id, 'sent', 1);

  await bench.sql(
    `update letters set trying_since = trying_since - interval '1 day',
        due_at = due_at - interval '1 day' where waits_for is not null`,
  );
  await eventually('their end', async () => {
    const { confirmation, failed } = await bench.counts();
    return confirmation === undefined && failed === 298;
  });
  const [end] = await bench.sql(
    `select distinct failure, waits_for from letters where state = 'failed'`,
  );
  assert.deepEqual(end, {
    failure: 'gave up: the customer did not confirm the address',
    waits_for: null,
  });
  assert.equal(bench.server.messages.length, 3);
});

test('several workers send two letters of grief to one unconfirmed address', async (t) => {
  const bench = await start(t);
  await bench.decline('anna', 100);
  for (let i = 0; i < 3; i++) bench.confirming();
  await eventually('two sent, 98 that wait', async () => {
    const { confirmation, sent } = await bench.counts();
    return confirmation === 98 && sent === 2;
  });
  assert.equal(bench.server.messages.length, 2);
});

test('a customer who changes the address again and again sends ten letters in an hour', async (t) => {
  const bench = await start(t);
  let changes = 0;
  bench.worker({
    confirmAddresses: true,
    lookUpContacts: async (ids) =>
      new Map(
        ids.map((id) => {
          const email = `stranger-${changes++}@example.com`;
          return [id, { ...contactOf(id), email, emailConfirmed: false }];
        }),
      ),
  });
  for (let i = 0; i < 14; i++) {
    await bench.decline('anna', 1);
    await eventually('no letter under way', async () => {
      const { sent = 0, confirmation = 0 } = await bench.counts();
      return sent + confirmation === i + 1;
    });
  }
  assert.deepEqual(await bench.counts(), { sent: 10, confirmation: 4 });
  // Another customer is not concerned.
  const [id = ''] = await bench.decline('boris', 1);
  await bench.until(id, 'sent', 1);
});

test('all forms of one mailbox share its slots', () => {
  for (const [email, mailbox] of [
    ['Anna@Example.com', 'anna@example.com'],
    ['anna+1@example.com', 'anna@example.com'],
    ['anna+a+b@example.com', 'anna@example.com'],
    ['a.nna@example.com', 'a.nna@example.com'],
    ['+anna@example.com', '+anna@example.com'],
    ['A.N.na+shop@Gmail.com', 'anna@gmail.com'],
    ['anna@googlemail.com', 'anna@gmail.com'],
    ['anna@mail.gmail.com.example', 'anna@mail.gmail.com.example'],
  ] as const) {
    assert.equal(mailboxOf(email), mailbox);
  }
});

test('a letter that is tried again keeps its place among the few of its address', async (t) => {
  const later = { at: 'rcpt', do: 'reply', reply: '450 4.2.0 later' } as const;
  const bench = await start(t);
  bench.server.script.push(later, later, later, later);
  await bench.decline('anna', 3);
  bench.confirming();
  await eventually('two sent, one that waits', async () => {
    const { confirmation, sent } = await bench.counts();
    return confirmation === 1 && sent === 2;
  });
});

test('an earlier recipient stays, with the name, where a copy may have arrived', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.decline('anna', 1);
  await bench.sql(
    `update letters set unknown_outcomes = 1, recipient = 'a@example.com', recipient_name = 'Anna',
        locale = 'en' where id = $1`,
    [id],
  );
  bench.confirming();
  await bench.until(id, 'sent', 1);
  const [message] = bench.server.messages;
  assert.match(textOfMail(message?.raw.toString('latin1') ?? ''), /Hello, Anna!/);
});

test('waiting customers are found one by one, however many letters each has', async (t) => {
  const bench = await start(t);
  for (const customerId of ['c', 'a', 'b']) {
    for (const id of await bench.decline(customerId, 3)) {
      await bench.sql(`update letters set waits_for = 'confirmation' where id = $1`, [id]);
    }
  }
  const { database } = bench;
  const list = (after: string, limit: number) => listWaitingCustomers(database, { after, limit });
  assert.deepEqual(await list('', 10), ['a', 'b', 'c']);
  assert.deepEqual(await list('', 2), ['a', 'b']);
  assert.deepEqual(await list('b', 2), ['c']);
  assert.equal(await releaseLetters(database, { customerIds: ['a', 'c'], limit: 4 }), 4);
  assert.equal(await releaseLetters(database, { customerIds: ['a', 'c'], limit: 4 }), 2);
  assert.deepEqual(await list('', 10), ['b']);
});

test('the API says what a letter waits for; a resend does not pass the limit', async (t) => {
  const service = await startNotificationsService(t, [], { CONFIRM_ADDRESSES: 'true' });
  await service.putProfile('anna', 'anna@example.com', 'Анна');
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push(await service.insert(DECLINED));
  const waiting = () =>
    service.database
      .query<{ id: string }>(`select id from letters where waits_for is not null`)
      .then(({ rows }) => rows.map(({ id }) => id));
  await eventually('two that wait', async () => (await waiting()).length === 2);
  // Until they are sent, the others wait without a confirmation.
  await eventually('two that are sent', async () => {
    const { rows } = await service.database.query(`select from letters where state = 'sent'`);
    return rows.length === 2;
  });
  const [id = '', other = ''] = await waiting();
  const { body } = await service.call('GET', `/letters/${id}?customerId=anna`);
  assert.deepEqual([body.state, body.waitsFor], ['queued', 'confirmation']);
  const overview = (await service.call('GET', '/overview')).body;
  assert.equal(overview.waitingForConfirmation, 2);
  // No fault delays them, so no alarm counts their age.
  assert.equal(overview.oldestWaitingMs, 0);
  const preview = await service.call('GET', `/operator/letters/${id}/preview`);
  assert.match(preview.body.text, /Здравствуйте!/);
  // Its customer has confirmed nothing, so it waits again.
  await service.call('POST', `/operator/letters/${id}/resend`);
  await eventually('two that wait', async () => (await waiting()).length === 2);
  assert.deepEqual((await service.call('POST', '/customers/anna/letters/release')).body, {
    released: 0,
  });
  await eventually('two letters', async () => service.server.messages.length === 2);

  const profile = { customerId: 'anna', email: 'anna@example.com', name: 'Анна', locale: 'ru' };
  await service.profiles.call('POST', '/profiles', { ...profile, emailConfirmed: true });
  const released = await service.call('POST', '/customers/anna/letters/release');
  assert.deepEqual(released.body, { released: 2 });
  for (const each of [id, other]) await service.until(each, 'sent', 1);
  assert.equal(
    (await service.call('GET', `/letters/${id}?customerId=anna`)).body.waitsFor,
    undefined,
  );
  const last = service.server.messages.at(-1);
  assert.match(textOfMail(last?.raw.toString('latin1') ?? ''), /Здравствуйте, Анна!/);
});
