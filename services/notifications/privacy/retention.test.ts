import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createTestDatabase, migrationsOf, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { newLetter } from '#harness/system/new-letter.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { deleteOldDeadLetters } from '#platform/messaging/consumer/dead-letter-store.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import type { Database } from '#platform/postgres/database.ts';
import { newUuidAt } from '#platform/values/uuid.ts';
import { insertAccountLetter } from '../account/account-letter-store.ts';
import { insertLetters } from '../inbox/inbox-store.ts';
import { NotificationsConfig } from '../service.ts';
import { startLetterRetention } from './retention.ts';
import * as store from './retention-store.ts';

const DAY_MS = 24 * 3_600_000;

/** A letter of an event so many days ago, with an attempt. @returns its id */
async function letterOf(database: Database, daysAgo: number, state: string): Promise<string> {
  const moment = new Date(Date.now() - daysAgo * DAY_MS);
  const id = newUuidAt(moment);
  await insertLetters(database, [newLetter({}, { id })]);
  await database.query(
    `update letters set state = $2, recipient = 'anna@example.com', recipient_name = 'Anna',
        locale = 'en', smtp_response = '250 ok', created_at = $3, due_at = $3,
        sent_at = case when $2 = 'sent' then $3::timestamptz end
      where id = $1`,
    [id, state, moment],
  );
  await database.query(
    `insert into letter_attempts (letter_id, number, started_at, duration_ms, outcome, response)
      values ($1, 1, $2, 5, 'transient', '450 anna@example.com is busy')`,
    [id, moment],
  );
  return id;
}

async function idsOf(database: Database, sql: string): Promise<unknown[]> {
  return (await database.query(`${sql} order by 1`)).rows.map((row) => Object.values(row)[0]);
}

test('old letters lose their texts, old attempts go, what has not ended stays whole', async (t) => {
  const database = await createTestDatabase(t, migrationsOf('notifications'));
  const sent = await letterOf(database, 20, 'sent');
  const failed = await letterOf(database, 20, 'failed');
  const waiting = await letterOf(database, 20, 'queued');
  const committing = await letterOf(database, 20, 'committing');
  const young = await letterOf(database, 5, 'sent');
  // Sent lately after a resend, though its event is old.
  const resent = await letterOf(database, 20, 'sent');
  await database.query('update letters set sent_at = now() where id = $1', [resent]);

  assert.equal(await store.eraseOldLetters(database, 10), 2);
  assert.equal(await store.eraseOldLetters(database, 10), 0);
  assert.deepEqual(
    await idsOf(database, 'select id from letters where recipient is null'),
    [sent, failed].sort(),
  );
  assert.deepEqual(
    await idsOf(database, 'select id from letters where recipient_name is not null'),
    [waiting, committing, young, resent].sort(),
  );
  assert.equal(await store.deleteOldAttempts(database, 10), 3);
  assert.deepEqual(
    await idsOf(database, 'select letter_id from letter_attempts'),
    [waiting, committing, young].sort(),
  );
});

test('the rows of letters go last, and the id up to which they are gone is kept', async (t) => {
  const database = await createTestDatabase(t, migrationsOf('notifications'));
  const first = await letterOf(database, 50, 'sent');
  const second = await letterOf(database, 40, 'failed');
  const withTexts = await letterOf(database, 45, 'sent');
  const young = await letterOf(database, 20, 'sent');
  assert.equal(await store.findDeletedThrough(database), null);
  await database.query('update letters set erased_at = now() where id <> $1', [withTexts]);
  assert.equal(await store.deleteOldRows(database, 30), 2);
  assert.deepEqual(await idsOf(database, 'select id from letters'), [withTexts, young]);
  assert.equal(await store.findDeletedThrough(database), second);
  assert.ok(first < second);
  // A later run that deletes older rows moves nothing back.
  await database.query('update letters set erased_at = now()');
  assert.equal(await store.deleteOldRows(database, 30), 1);
  assert.equal(await store.findDeletedThrough(database), second);
});

test('letters about accounts go after their days, by default seven, and one that waits stays', async (t) => {
  const database = await createTestDatabase(t, migrationsOf('notifications'));
  const insert = async (name: string, days: number, state: string) => {
    const [id, email] = [randomUUID(), `${name}@example.com`];
    const letter = { id, email, kind: 'password-changed', locale: 'en' } as const;
    await insertAccountLetter(database, letter, 10);
    await database.query(
      `update account_letters set state = $2, created_at = now() - $3 * interval '1 day'
        where id = $1`,
      [id, state, days],
    );
  };
  for (const days of [8, 6]) {
    await insert(`sent-${days}`, days, 'sent');
    await insert(`failed-${days}`, days, 'failed');
  }
  for (const state of ['queued', 'sending']) await insert(state, 30, state);
  const { default: byDefault } = NotificationsConfig.properties.ACCOUNT_LETTER_RETENTION_DAYS as {
    default?: number;
  };
  const keptFor = async (days: number, kept: string[]) => {
    const settings = {
      LETTER_RETENTION_DAYS: 365,
      ATTEMPT_RETENTION_DAYS: 90,
      DEAD_LETTER_RETENTION_DAYS: 90,
      ACCOUNT_LETTER_RETENTION_DAYS: days,
    };
    const metrics = createMetrics(testLog);
    const retention = startLetterRetention(settings, { database, log: testLog, metrics });
    const names = kept.map((name) => `${name}@example.com`).sort();
    await eventually(`only ${names}`, async () => {
      const found = await idsOf(database, 'select email from account_letters');
      return found.join() === names.join();
    });
    await retention.close();
  };
  await keptFor(byDefault ?? 0, ['sent-6', 'failed-6', 'queued', 'sending']);
  await keptFor(5, ['queued', 'sending']);
});

test('dead letters go after their time, redriven or not', async (t) => {
  const database = await createTestDatabase(t, migrationsOf('notifications'));
  for (const days of [100, 95, 5]) {
    const moment = new Date(Date.now() - days * DAY_MS);
    await database.query(
      `insert into dead_letters (id, topic, partition, "offset", headers, digest, error, created_at)
        values ($1, 'orders', 0, $2, '[]', '', 'not understood', $3)`,
      [newUuidAt(moment), days, moment],
    );
  }
  assert.equal(await deleteOldDeadLetters(database, 90, 1), 1);
  assert.equal(await deleteOldDeadLetters(database, 90, 10), 1);
  assert.deepEqual(await idsOf(database, 'select "offset"::int from dead_letters'), [5]);
});

test('each setting deletes its own rows, and no others', async (t) => {
  const database = await createTestDatabase(t, migrationsOf('notifications'));
  const ages = [4, 6, 11, 21, 31];
  for (const days of ages) {
    await letterOf(database, days, 'sent');
    await database.query(
      `insert into dead_letters (id, topic, partition, "offset", headers, digest, error, created_at)
        values ($1, 'orders', 0, $2::int, '[]', '', 'not understood', now() - $2::int * interval '1 day')`,
      [newUuidAt(new Date(Date.now() - days * DAY_MS)), days],
    );
  }
  await letterOf(database, 100, 'queued');
  const config = {
    ATTEMPT_RETENTION_DAYS: 5,
    LETTER_RETENTION_DAYS: 10,
    DEAD_LETTER_RETENTION_DAYS: 20,
    INBOX_RETENTION_DAYS: 30,
    ACCOUNT_LETTER_RETENTION_DAYS: 7,
  };
  const metrics = createMetrics(testLog);
  const retention = startLetterRetention(config, { database, log: testLog, metrics });
  t.after(retention.close);
  await eventually('the end of a run', async () =>
    /last_run_timestamp_seconds\{task="erased-customers"\}/.test(await metrics.scrape()),
  );
  const daysOf = async (table: string, moment: string, where = 'true') => {
    const age = `round(extract(epoch from now() - ${moment}) / 86400)::int`;
    return idsOf(database, `select ${age} as days from ${table} where ${where}`);
  };
  assert.deepEqual(await daysOf('letter_attempts', 'started_at'), [4, 100]);
  assert.deepEqual(await daysOf('letters', 'created_at', 'recipient is not null'), [4, 6, 100]);
  assert.deepEqual(await daysOf('dead_letters', 'created_at'), [4, 6, 11]);
  assert.deepEqual(await daysOf('letters', 'created_at'), [4, 6, 11, 21, 100]);
});

test('no statement of the retention takes more rows than a small batch', async (t) => {
  const database = await createTestDatabase(t, migrationsOf('notifications'));
  const rows = store.BATCH + 3;
  await database.query(
    `with old as (
        insert into letters (id, template_version, order_id, customer_id, kind, total_amount,
          currency, occurred_at, partition, "offset", state, recipient, created_at, due_at, sent_at)
        select (lpad(to_hex((extract(epoch from now() - interval '50 days') * 1000)::bigint + n),
            12, '0') || '7000800000000000' || lpad(to_hex(n), 4, '0'))::uuid,
          1, gen_random_uuid(), 'anna', 'grief', 1, 'RUB', now(), 0, n, 'sent', 'a',
          moment, moment, moment
        from generate_series(1, $1::int) n, (select now() - interval '50 days' as moment) as m
        returning id
      ), attempts as (
        insert into letter_attempts (letter_id, number, started_at, duration_ms, outcome)
        select id, 1, now() - interval '50 days', 5, 'transient' from old
      )
      insert into dead_letters (id, topic, partition, "offset", headers, digest, error, created_at)
        select id, 'orders', 0, row_number() over (), '[]', '', 'x', now() - interval '50 days'
        from old`,
    [rows],
  );
  for (const run of [
    () => store.deleteOldAttempts(database, 40),
    () => store.eraseOldLetters(database, 40),
    () => store.deleteOldRows(database, 40),
    () => deleteOldDeadLetters(database, 40, store.BATCH),
  ]) {
    assert.deepEqual([await run(), await run(), await run()], [store.BATCH, 3, 0]);
  }
});

test('a plan of the retention reads the oldest letters and no others', async (t) => {
  const database = await createTestDatabase(t, migrationsOf('notifications'));
  for (let part = 0; part < 4; part++) {
    await database.query(
      `insert into letters (id, template_version, order_id, customer_id, kind, total_amount,
          currency, occurred_at, partition, "offset", state, recipient, erased_at)
        select gen_random_uuid(), 1, gen_random_uuid(), 'anna', 'grief', 1,
          'RUB', now(), 0, n, 'sent', 'a', case when n % 50 > 0 then now() end
        from generate_series(1, 1000) n`,
    );
  }
  await database.query('analyze letters');
  const { rows } = await database.query(
    `explain select id from letters
      where id < $1 and (state in ('sent', 'failed') and erased_at is null) is true
      order by id limit 500`.replace('$1', `'${randomUUID()}'`),
  );
  assert.match(JSON.stringify(rows), /letters_with_texts/);
});

test('settings of the retention that contradict each other are named', () => {
  const read = (settings: Record<string, string>) => () =>
    loadConfig('notifications', NotificationsConfig, settings);
  assert.throws(read({ ATTEMPT_RETENTION_DAYS: '400' }), /ATTEMPT_RETENTION_DAYS is 400: at most/);
  const rows = { INBOX_RETENTION_DAYS: '60', LETTER_RETENTION_DAYS: '100' };
  assert.throws(read(rows), /INBOX_RETENTION_DAYS is 60: at least LETTER_RETENTION_DAYS, 100/);
  assert.throws(read({ INBOX_RETENTION_DAYS: '7' }), /INBOX_RETENTION_DAYS/);
});
