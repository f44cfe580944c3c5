import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createTestDatabaseUrl, openDatabase } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { migrate } from './migrate.ts';

/** An empty database, and a folder whose files can be changed. */
async function testBed(t: TestContext) {
  const url = await createTestDatabaseUrl(t, () => database.close());
  const database = openDatabase(url, 4);
  const path = await mkdtemp(join(tmpdir(), 'orderbell-migrations-'));
  t.after(() => rm(path, { recursive: true }));
  return {
    database,
    folder: pathToFileURL(`${path}/`),
    write: (name: string, sql: string) => writeFile(join(path, name), sql),
    apply: (options = {}) => migrate(database, pathToFileURL(`${path}/`), options),
  };
}

test('a migration that was changed after it was applied is refused by its name', async (t) => {
  const { write, apply } = await testBed(t);
  await write('0001-a.sql', 'create table a ();\ncreate table b ();\n');
  assert.deepEqual(await apply(), ['0001-a.sql']);
  // Git may end lines otherwise on another machine.
  await write('0001-a.sql', 'create table a ();\r\ncreate table b ();\r\n');
  assert.deepEqual(await apply(), []);
  await write('0001-a.sql', 'create table a (id int);\ncreate table b ();\n');
  await assert.rejects(apply(), /^Error: migration 0001-a\.sql was changed after it was applied/);
  await assert.rejects(apply({ apply: false }), /0001-a\.sql was changed/);
});

test('files that a version without checksums applied get theirs, and its rows go on to count', async (t) => {
  const { database, write, apply } = await testBed(t);
  await database.query(
    'create table migrations (name text primary key, applied_at timestamptz not null default now())',
  );
  await database.query("insert into migrations (name) values ('0001-a.sql')");
  await write('0001-a.sql', 'create table a ()');
  await apply({ apply: false });
  await write('0002-b.sql', 'create table b ()');
  assert.deepEqual(await apply(), ['0002-b.sql']);
  // As the older version, which runs next to this one, records its own.
  await database.query("insert into migrations (name) values ('0003-c.sql')");
  await write('0001-a.sql', 'create table a (id int)');
  await assert.rejects(apply(), /0001-a\.sql was changed/);
});

test('a start that must not migrate names the first missing file and the command', async (t) => {
  const { database, write, apply } = await testBed(t);
  await write('0001-a.sql', 'create table a ()');
  await assert.rejects(
    apply({ apply: false, command: 'node services/x/migrate.ts' }),
    /^Error: migration 0001-a\.sql is not applied, and MIGRATE_ON_START is false: run node services\/x\/migrate\.ts first$/,
  );
  assert.deepEqual((await database.query("select to_regclass('migrations') as t")).rows, [
    { t: null },
  ]);
});

test('a marked file runs outside of a transaction, and again after it stopped half way', async (t) => {
  const { database, write, apply } = await testBed(t);
  await write('0001-a.sql', 'create table a (id int); insert into a values (1), (1)');
  await write(
    '0002-index.sql',
    '-- no-transaction\n-- On a large table.\ndrop index concurrently if exists a_id;\n' +
      'create unique index concurrently a_id on a (id);\n',
  );
  await assert.rejects(apply(), /^Error: migration 0002-index\.sql failed/);
  const invalid = 'select indisvalid from pg_index where indexrelid = to_regclass($1)';
  assert.deepEqual((await database.query(invalid, ['a_id'])).rows, [{ indisvalid: false }]);
  await database.query('delete from a where ctid = (select min(ctid) from a)');
  // Replicas that start together: those that wait must not hold the index up.
  const applied = await Promise.all([1, 2, 3].map(() => apply()));
  assert.deepEqual(applied.flat(), ['0002-index.sql']);
  assert.deepEqual((await database.query(invalid, ['a_id'])).rows, [{ indisvalid: true }]);
  assert.deepEqual(
    (
      await database.query(
        "select from pg_locks join pg_database d on d.oid = database where locktype = 'advisory' and datname = current_database()",
      )
    ).rows,
    [],
  );
  await assert.rejects(async () => {
    await write('0003-c.sql', '-- no-transaction\ncreate index concurrently b_id on a (id);\n');
    await apply({ pooled: true });
  }, /0003-c\.sql runs outside of a transaction, so it needs a connection past the pooler/);
});

test('a start says who holds the lock, and goes on once it is free', async (t) => {
  const { database, write, apply } = await testBed(t);
  await write('0001-a.sql', 'create table a ()');
  const other = await database.dedicatedClient();
  // As an older version locks, whose connection a pooler keeps.
  await other.query('select pg_advisory_lock(4207001)');
  const lines: string[] = [];
  database.log.warn = ((line: string) => lines.push(line)) as typeof database.log.warn;
  const done = apply();
  await eventually('a line', async () =>
    lines.some((line) => /held by pid \d+ \(test\)/.test(line)),
  );
  await other.end();
  assert.deepEqual(await done, ['0001-a.sql']);
});
