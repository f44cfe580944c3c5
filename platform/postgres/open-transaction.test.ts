import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import { createTestDatabaseUrl, openDatabase } from '#harness/database.ts';
import type { Database, LastStatement } from './database.ts';
import { openTransaction } from './open-transaction.ts';

/** A database with one connection and the table `notes`. */
async function openNotes(t: TestContext): Promise<Database> {
  const url = await createTestDatabaseUrl(t, () => database.close());
  const database = openDatabase(url, 1);
  await database.query('create table notes (text text primary key)');
  return database;
}

const notesOf = async (database: Database) =>
  (await database.query('select text from notes order by text')).rows.map(({ text }) => text);

const insertLast = (text: string): LastStatement => ({
  name: 'insert-note',
  text: 'insert into notes values ($1)',
  values: [text],
  last: true,
});

/** A connection whose server refuses BEGIN and takes all else. */
function refusingBegin(sent: unknown[]) {
  const client = {
    connection: { stream: new PassThrough() },
    async query(statement: string | pg.QueryConfig) {
      sent.push(typeof statement === 'string' ? statement : statement.name);
      if (statement === 'begin') throw new Error('refused');
      return { rows: [], command: 'INSERT' };
    },
  };
  return client as unknown as pg.PoolClient;
}

test('when BEGIN is refused, no statement is sent that could commit by itself', async () => {
  const sent: unknown[] = [];
  const tx = openTransaction(refusingBegin(sent), { withBegin: ['read'] });
  const read = tx.query({ name: 'read', text: '' });
  const write = tx.query({ name: 'write', text: '' });
  const behind = tx.query({ name: 'read', text: '' });
  const unnamed = tx.query('insert');
  for (const result of [read, write, behind, unnamed]) await assert.rejects(result, /refused/);
  assert.deepEqual(sent, ['begin', 'read']);
});

test('statements keep their order, whether they go out with BEGIN or not', async (t) => {
  const database = await openNotes(t);
  const read = { name: 'read-notes', text: 'select text from notes order by text' };
  const work = database.transaction(
    async (tx) => {
      const results = await Promise.all([
        tx.query(read),
        tx.query("insert into notes values ('one')"),
        tx.query(read),
      ]);
      return results.map(({ rowCount }) => rowCount);
    },
    { withBegin: ['read-notes'] },
  );
  assert.deepEqual(await work, [0, 1, 1]);
});

test('the last statement is committed with its transaction, and nothing follows it', async (t) => {
  const database = await openNotes(t);
  await database.transaction((tx) => tx.query(insertLast('one')));
  assert.deepEqual(await notesOf(database), ['one']);
  const more = database.transaction(async (tx) => {
    await tx.query(insertLast('two'));
    await tx.query("insert into notes values ('three')");
  });
  await assert.rejects(more, /the transaction has ended/);
  assert.deepEqual(await notesOf(database), ['one', 'two']);
});

test('a last statement that fails commits nothing of its transaction', async (t) => {
  const database = await openNotes(t);
  await database.query("insert into notes values ('one')");
  const refused = database.transaction(async (tx) => {
    await tx.query("insert into notes values ('before')");
    await tx.query(insertLast('one'));
  });
  await assert.rejects(refused, { code: '23505' });
  // The only connection works on, outside of any transaction.
  await database.query("insert into notes values ('two')");
  assert.deepEqual(await notesOf(database), ['one', 'two']);
});

test('an error at COMMIT comes through, and the connection works on', async (t) => {
  const database = await openNotes(t);
  await database.query(`alter table notes add constraint deferred exclude using btree (text with =)
    deferrable initially deferred`);
  await database.query('alter table notes drop constraint notes_pkey');
  await database.query("insert into notes values ('one')");
  await assert.rejects(
    database.transaction((tx) => tx.query(insertLast('one'))),
    { code: '23P01' },
  );
  assert.deepEqual(await notesOf(database), ['one']);
});
