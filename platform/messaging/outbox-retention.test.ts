import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '#harness/broker/contract-helpers.ts';
import { insertRow, MIGRATIONS } from '#harness/broker/outbox.ts';
import { createTestDatabase, testLog } from '#harness/database.ts';
import type { Database } from '../postgres/database.ts';
import { startOutboxRetention } from './outbox-maintenance.ts';

// More than one statement deletes.
const MANY = 2_500;

async function openTable(t: TestContext): Promise<Database> {
  return createTestDatabase(t, MIGRATIONS);
}

/** Rows of this age, for example `7 days 1 minute`. */
async function insertOld(database: Database, count: number, age: string): Promise<void> {
  await database.query(
    `insert into outbox (id, aggregatetype, aggregateid, type, payload, created_at)
     select gen_random_uuid(), 'thing', 'thing', 'thing.v1', '{}', now() - $2::interval
     from generate_series(1, $1)`,
    [count, age],
  );
}

async function rowsOf(database: Database): Promise<string[]> {
  const { rows } = await database.query('select id from outbox order by sequence');
  return rows.map(({ id }) => id);
}

/** Lets the retention pass once over the table, to its end. */
async function passOver(database: Database): Promise<void> {
  let passes = 0;
  const query = (async (text: string, values: unknown[]) => {
    const result = await database.query(text, values);
    // A pass ends with the deletion by age, and its last statement finds no full batch.
    if (text.includes('created_at') && (result.rowCount ?? 0) < 1_000) passes++;
    return result;
  }) as unknown as Database['query'];
  const retention = startOutboxRetention({ database: { ...database, query }, log: testLog });
  try {
    await until('the retention has passed', () => passes > 0);
  } finally {
    await retention.close();
  }
}

test('without a relay rows are deleted by their age, however many, and younger ones stay', async (t) => {
  const database = await openTable(t);
  await insertOld(database, MANY, '7 days 1 minute');
  await insertOld(database, 1, '7 days - 1 minute');
  await insertRow(database);
  const young = (await rowsOf(database)).slice(MANY);
  assert.equal(young.length, 2);
  await passOver(database);
  assert.deepEqual(await rowsOf(database), young);
});

test('an old row between younger ones is found, as transactions overlap', async (t) => {
  const database = await openTable(t);
  const first = await insertRow(database);
  await insertOld(database, 1, '8 days');
  const last = await insertRow(database);
  await passOver(database);
  assert.deepEqual(await rowsOf(database), [first, last]);
});

test('what a relay published before it was turned off goes a retention after that', async (t) => {
  const database = await openTable(t);
  const [before, after] = [await insertRow(database), await insertRow(database)];
  const publish = (id: string, age: string) =>
    database.query(
      `update outbox set published_at = now() - $2::interval, created_at = now() - interval '9 days'
       where id = $1`,
      [id, age],
    );
  await publish(before, '7 days 1 minute');
  await publish(after, '7 days - 1 minute');
  await passOver(database);
  assert.deepEqual(await rowsOf(database), [after]);
});

test('a fault waits for the next time and ends nothing', async (t) => {
  const database = await openTable(t);
  let asked = 0;
  const query = (async () => {
    asked++;
    throw new Error('no answer');
  }) as unknown as Database['query'];
  const retention = startOutboxRetention({ database: { ...database, query }, log: testLog });
  await until('it asked', () => asked > 0);
  await retention.close();
  assert.equal(asked, 1);
});
