import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { testLog, testServerUrl } from '#harness/database.ts';
import {
  type LetterBench,
  outcomesOf,
  SENDER,
  startLetterBench as start,
} from '#harness/system/letter-workers.ts';
import { createDatabase, type Database } from '#platform/postgres/database.ts';
import { letterOf } from '../api/letter-view.ts';
import { countLetters, readOldestWaitingMs } from '../operations/overview-store.ts';
import { CLAIM_MAX, claimLetters, makeReady } from './claim-store.ts';
import { markCommitting, markSent, recordFailure, renewLeases } from './delivery-store.ts';

const token = randomUUID();
const recipient = { to: 'anna@example.com', name: 'Анна', locale: 'ru' } as const;

const claim = async (database: Database, limit = CLAIM_MAX) => {
  const claimed = { token, leaseMs: 60_000, limit, except: [], after: '' };
  const { letters } = await claimLetters(database, claimed);
  return letters.map(({ id }) => id);
};

const sent = (letterId: string, response = '250 kept') => ({
  letterId,
  number: 1,
  startedAt: new Date('2026-11-22T18:30:00.123Z'),
  durationMs: 12,
  contactMs: 3,
  recipient,
  unknownOutcomes: 0,
  outcome: 'sent' as const,
  stage: 'after-dot' as const,
  response,
  error: null,
});

test('I6: of letters marked together only those that are still held may go', async (t) => {
  const bench = await start(t);
  const [held = '', lost = '', ended = ''] = await bench.insert('anna', 'boris', 'vera');
  await claim(bench.database);
  await bench.sql('update letters set token = $1 where id = $2', [randomUUID(), lost]);
  await bench.sql("update letters set state = 'failed' where id = $1", [ended]);
  const marks = [lost, held, ended].map((id, n) => ({
    id,
    recipient: { ...recipient, to: `${n}@x.test` },
  }));
  assert.deepEqual(await markCommitting(bench.database, token, marks), [null, held, null]);
  const rows = await Promise.all([held, lost, ended].map(bench.letter));
  assert.deepEqual(
    rows.map(({ state, marked_attempt, unknown_outcomes, recipient: to }) => [
      [state, marked_attempt, unknown_outcomes],
      to,
    ]),
    [
      [['sending', 1, 1], '1@x.test'],
      [['sending', null, 0], null],
      [['failed', null, 0], null],
    ],
  );
});

test('I6: the marker changes no index, and is counted until the answer is recorded', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  await claim(bench.database);
  const readHot = async () => {
    await bench.sql('select pg_stat_force_next_flush()');
    const [row] = await bench.sql(
      "select n_tup_hot_upd::int as hot from pg_stat_user_tables where relname = 'letters'",
    );
    return Number(row?.hot);
  };
  const database = oneConnection(t, await urlOf(bench));
  const before = await readHot();
  await markCommitting(database, token, [{ id, recipient }]);
  await database.query('select pg_stat_force_next_flush()');
  assert.equal((await readHot()) - before, 1);
  const marked = await bench.letter(id);
  assert.equal(marked.unknown_outcomes, 1);
  // The answer may still come, so nobody sees it.
  assert.equal(letterOf(marked, SENDER).unknownOutcomes, 0);
  await markSent(bench.database, token, [sent(id)], true);
  assert.equal((await bench.letter(id)).unknown_outcomes, 0);
});

test('I6: an acceptance that comes after the lease was lost leaves the count of the new holder', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  await claim(bench.database);
  await markCommitting(bench.database, token, [{ id, recipient }]);
  await bench.sql('update letters set token = $1, attempt_count = 2', [randomUUID()]);
  await markSent(bench.database, token, [sent(id)], true);
  const { state, unknown_outcomes } = await bench.letter(id);
  assert.deepEqual([state, unknown_outcomes], ['sent', 1]);
});

test('I6: letters recorded together as sent have an attempt each; repeating changes nothing', async (t) => {
  const bench = await start(t);
  const ids = await bench.insert('anna', 'boris');
  const [first = '', second = ''] = ids;
  await markSent(bench.database, token, [sent(first, '250 as 1')], true);
  const again = [sent(first, '250 again'), sent(second, '250 as 2')];
  await markSent(bench.database, token, again, true);
  const rows = await Promise.all(ids.map(bench.letter));
  assert.deepEqual(
    rows.map(({ state, attempts }) => [state, attempts.map(({ response }) => response)]),
    [
      ['sent', ['250 as 1']],
      ['sent', ['250 as 2']],
    ],
  );
  assert.deepEqual(rows.map(outcomesOf), [['sent'], ['sent']]);
  const [attempt] = rows[1]?.attempts ?? [];
  assert.equal(new Date(attempt?.startedAt ?? 0).toISOString(), '2026-11-22T18:30:00.123Z');
  assert.deepEqual([attempt?.durationMs, attempt?.contactMs, attempt?.stage], [12, 3, 'after-dot']);
  const replies = await bench.sql('select smtp_response from letters order by customer_id');
  assert.deepEqual(
    replies.map((row) => row.smtp_response),
    ['250 as 1', '250 as 2'],
  );
});

test('a renewal of leases waits for no letter that is being marked, and renews the others', async (t) => {
  const bench = await start(t);
  const ids = await bench.insert('anna', 'boris');
  await claim(bench.database);
  await bench.sql('update letters set due_at = now()');
  const marker = await bench.database.dedicatedClient();
  t.after(() => marker.end());
  await marker.query('begin');
  await marker.query('select from letters where id = $1 for update', [ids[0]]);
  await renewLeases(bench.database, { ids, token, leaseMs: 60_000 });
  const rows = await bench.sql('select due_at > now() as held from letters order by customer_id');
  assert.deepEqual(
    rows.map(({ held }) => held),
    [false, true],
  );
});

/** Rows of `letters` that the statement looks at. */
async function readBy(database: Database, statement: () => Promise<unknown>): Promise<number> {
  const read = async () => {
    await database.query('select pg_stat_force_next_flush()');
    const { rows } = await database.query<{ read: string }>(
      `select seq_tup_read + idx_tup_fetch as read from pg_stat_user_tables
       where relname = 'letters'`,
    );
    return Number(rows[0]?.read);
  };
  const before = await read();
  await statement();
  return (await read()) - before;
}

async function urlOf(bench: LetterBench): Promise<string> {
  const [row] = await bench.sql('select current_database() as name');
  const url = new URL(testServerUrl());
  url.pathname = `/${row?.name}`;
  return url.href;
}

/** A database with one connection, whose plans and counts are the ones that are looked at. */
function oneConnection(t: TestContext, url: string): Database {
  const options = { connectionsMax: 1, applicationName: 'test', log: testLog };
  const database = createDatabase({ url, ...options });
  t.after(() => database.close());
  return database;
}

test('a plan that was made for few letters does not read all of many', async (t) => {
  const bench = await start(t);
  const database = oneConnection(t, await urlOf(bench));
  const failure = { retryInMs: 60_000, failure: '450', unknownOutcomes: 0 };
  const steps: Record<string, (ids: string[]) => Promise<unknown>> = {
    ready: () => makeReady(database),
    renew: (ids) => renewLeases(database, { ids, token, leaseMs: 60_000 }),
    mark: (ids) =>
      markCommitting(
        database,
        token,
        ids.map((id) => ({ id, recipient })),
      ),
    sent: ([, ...ids]) =>
      markSent(
        database,
        token,
        ids.map((id) => sent(id)),
        true,
      ),
    unsent: ([id = '']) => recordFailure(database, id, token, { state: 'queued', ...failure }),
  };
  // From the sixth time on a prepared statement keeps one plan for good.
  for (let number = 1; number <= 8; number++) {
    await bench.insert('anna', 'boris');
    const ids = await claim(database, 2);
    for (const step of Object.values(steps)) await step(ids);
  }
  for (let number = 1; number <= 4; number++) {
    await bench.insert(...Array.from({ length: 500 }, (_, n) => `customer-${n % 100}`));
  }
  let ids: string[] = [];
  const read: Record<string, number> = {};
  read.claim = await readBy(database, async () => {
    ids = await claim(database, 2);
  });
  for (const [name, step] of Object.entries(steps)) {
    read[name] = await readBy(database, () => step(ids));
  }
  assert.equal(ids.length, 2);
  const whole = Object.entries(read).filter(([, count]) => count > 500);
  assert.deepEqual(whole, []);
});

test('a claim does not read all that waits, also while statistics say that nothing does', async (t) => {
  const bench = await start(t);
  const customers = Array.from({ length: 500 }, (_, n) => `customer-${n % 100}`);
  for (let number = 1; number <= 4; number++) await bench.insert(...customers);
  await bench.sql("update letters set state = 'failed', ready = false");
  await bench.sql('vacuum analyze letters');
  for (let number = 1; number <= 4; number++) await bench.insert(...customers);
  const database = oneConnection(t, await urlOf(bench));
  let ids: string[] = [];
  const read = await readBy(database, async () => {
    ids = await claim(database);
  });
  assert.equal(ids.length, CLAIM_MAX);
  // Some times what it takes; not what waits, once for each customer.
  assert.ok(read < 1_000, `${read} rows read`);
});

test('the overview does not read all that waits either', async (t) => {
  const bench = await start(t);
  const customers = Array.from({ length: 500 }, (_, n) => `customer-${n % 100}`);
  for (let number = 1; number <= 4; number++) await bench.insert(...customers);
  await bench.sql("update letters set state = 'failed', ready = false");
  await bench.sql('vacuum analyze letters');
  for (let number = 1; number <= 4; number++) await bench.insert(...customers);
  const database = oneConnection(t, await urlOf(bench));
  const read = {
    count: await readBy(database, () => countLetters(database, 100)),
    oldest: await readBy(database, () => readOldestWaitingMs(database)),
  };
  // The maximum for each state, and the oldest of each.
  assert.ok(read.count <= 200, `${read.count} rows read`);
  assert.ok(read.oldest <= 3, `${read.oldest} rows read`);
});
