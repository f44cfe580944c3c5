import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { until } from '#harness/broker/contract-helpers.ts';
import { closeDatabase, createTestDatabaseUrl, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { AppError, describeError } from '../errors.ts';
import { createDatabase, type Database, type Queryable } from './database.ts';
import { isTransient } from './errors.ts';
import { migrate } from './migrate.ts';

/** A pool of one connection on an empty database, so that a bad one would be met again. */
async function openDatabase(t: TestContext, connectionsMax = 1): Promise<Database> {
  const url = await createTestDatabaseUrl(t, () => database.close());
  const database = createDatabase({ url, connectionsMax, applicationName: 'test', log: testLog });
  return database;
}

async function pidOf(db: Queryable): Promise<number> {
  return (await db.query('select pg_backend_pid() as pid')).rows[0].pid;
}

async function assertUnavailable(work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.problem.code, 'unavailable');
    assert.ok(isTransient(error));
    return true;
  });
}

/** Ends a backend from outside and waits until it is gone. */
async function terminate(t: TestContext, database: Database, pid: number): Promise<void> {
  const other = await database.dedicatedClient();
  try {
    await other.query('select pg_terminate_backend($1, 10000)', [pid]);
  } finally {
    await other.end();
  }
  t.diagnostic(`terminated ${pid}`);
}

test('a transaction whose backend is terminated is unavailable, and the pool works on', async (t) => {
  const database = await openDatabase(t);
  await database.query('create table notes (text text)');
  let pid = 0;
  await assertUnavailable(
    database.transaction(async (tx) => {
      pid = await pidOf(tx);
      await tx.query("insert into notes values ('lost')");
      await terminate(t, database, pid);
      await tx.query("insert into notes values ('never')");
    }),
  );
  assert.notEqual(await pidOf(database), pid);
  assert.equal((await database.query('select from notes')).rowCount, 0);
});

test('an idle connection that dies does not end the process or fail a later statement', async (t) => {
  const database = await openDatabase(t);
  const pid = await pidOf(database);
  await terminate(t, database, pid);
  // The pool may not have heard of it yet: the first statement may meet the dead connection.
  const next = await pidOf(database).catch(() => pidOf(database));
  assert.notEqual(next, pid);
});

test('a statement that the server ends for its time is unavailable', async (t) => {
  const database = await openDatabase(t);
  await assertUnavailable(database.query('select pg_sleep(60)'));
  await assertUnavailable(database.transaction((tx) => tx.query('select pg_sleep(60)')));
  assert.equal((await database.query('select 1 as one')).rows[0].one, 1);
});

test('a connection whose answer did not come is not used again', async (t) => {
  const database = await openDatabase(t);
  let pid = 0;
  await assertUnavailable(
    database.transaction(async (tx) => {
      pid = await pidOf(tx);
      // Without the server's own limit only the client's is left.
      await tx.query('set local statement_timeout = 0');
      await tx.query('select pg_sleep(60)');
    }),
  );
  assert.notEqual(await pidOf(database), pid);
});

test('COMMIT of an aborted transaction throws, and is no fault that repeating cures', async (t) => {
  const database = await openDatabase(t);
  await database.query('create table notes (text text)');
  const work = database.transaction(async (tx) => {
    await tx.query("insert into notes values ('lost')");
    await tx.query('select 1/0').catch(() => {});
    return 'fine';
  });
  await assert.rejects(work, (error) => {
    assert.match((error as Error).message, /not committed: ROLLBACK/);
    assert.ok(!isTransient(error));
    return true;
  });
  assert.equal((await database.query('select from notes')).rowCount, 0);
});

test('work that throws is rolled back, and its error comes through', async (t) => {
  const database = await openDatabase(t);
  await database.query('create table notes (text text primary key)');
  const defect = new TypeError('x is not a function');
  const refused = database.transaction(async (tx) => {
    await tx.query("insert into notes values ('lost')");
    throw defect;
  });
  await assert.rejects(refused, (error) => error === defect);
  await database.query("insert into notes values ('kept')");
  const twice = database.transaction((tx) => tx.query("insert into notes values ('kept')"));
  await assert.rejects(twice, { code: '23505' });
  assert.equal((await database.query('select from notes')).rowCount, 1);
});

test('a lock that another transaction keeps is unavailable, not waited for without end', async (t) => {
  const database = await openDatabase(t, 2);
  await database.query('create table notes (text text)');
  await database.query("insert into notes values ('one')");
  await database.transaction(async (tx) => {
    await tx.query('select from notes for update');
    await assertUnavailable(database.query("update notes set text = 'two'"));
  });
  await database.query("update notes set text = 'two'");
});

test('a database that is not there is unavailable, and does not stop the start', async (t) => {
  const url = 'postgres://nobody@127.0.0.1:1/nothing';
  const options = { url, connectionsMax: 1, applicationName: 'test', log: testLog };
  const database = createDatabase(options);
  t.after(() => database.close());
  await assertUnavailable(database.query('select 1'));
  await assertUnavailable(database.transaction(async () => {}));
});

test('connections are not used again once one of them met a read-only server', async (t) => {
  const database = await openDatabase(t, 4);
  await database.query('create table notes (text text)');
  const pids = async () => (await Promise.all([1, 2, 3, 4].map(() => pidOf(database)))).sort();
  const before = await pids();
  await assertUnavailable(
    database.transaction(async (tx) => {
      await tx.query('set local transaction_read_only = on');
      await tx.query("insert into notes values ('lost')");
    }),
  );
  const after = await eventually('it connects again', async () => {
    const seen = await pids().catch(() => []);
    return seen.length > 0 && seen;
  });
  assert.deepEqual(
    after.filter((pid) => before.includes(pid)),
    [],
  );
  await database.query("insert into notes values ('kept')");
});

test('a read-only database is not ready', async (t) => {
  const url = await createTestDatabaseUrl(t, () => database.close());
  const database = createDatabase({
    url,
    connectionsMax: 2,
    applicationName: 'test',
    log: testLog,
  });
  await database.checkWritable();
  const name = new URL(url).pathname.slice(1);
  const other = await database.dedicatedClient();
  t.after(() => other.end());
  await other.query(`alter database ${name} set default_transaction_read_only = on`);
  await terminate(t, database, await pidOf(database));
  await assertUnavailable(database.checkWritable());
  await other.query('set transaction_read_only = off');
  await other.query(`alter database ${name} reset default_transaction_read_only`);
  await until('ready again', () =>
    database.checkWritable().then(
      () => true,
      () => false,
    ),
  );
});

test('a connection is not used beyond its age', async (t) => {
  const url = await createTestDatabaseUrl(t, () => database.close());
  const options = { url, connectionsMax: 1, applicationName: 'test', log: testLog };
  const database = createDatabase({ ...options, connectionAgeMs: 100 });
  const first = await pidOf(database);
  await until('another connection', async () => (await pidOf(database)) !== first);
});

test('a statement error keeps the connection, a prepared statement that is lost does not', async (t) => {
  const database = await openDatabase(t);
  await database.query('create table notes (text text primary key)');
  await database.query("insert into notes values ('one')");
  const pid = await pidOf(database);
  await assert.rejects(database.query("insert into notes values ('one')"), { code: '23505' });
  assert.equal(await pidOf(database), pid);
  const named = { name: 'read-notes', text: 'select * from notes' };
  await database.query(named);
  // As a pooler without support for prepared statements does.
  await database.query('deallocate all');
  await assertUnavailable(database.query(named));
  assert.notEqual(await pidOf(database), pid);
  await database.query(named);
  await database.query('alter table notes add column more text');
  await assertUnavailable(database.query(named));
  assert.deepEqual((await database.query(named)).rows, [{ text: 'one', more: null }]);
});

async function migrationsOf(t: TestContext, files: Record<string, string>): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-migrations-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, name), sql);
  return pathToFileURL(`${folder}/`);
}

const namesOf = async (database: Database): Promise<string[]> =>
  (await database.query('select name from migrations order by name')).rows.map(({ name }) => name);

test('migrations are applied once and in order, also by several at once', async (t) => {
  const database = await openDatabase(t, 4);
  const folder = await migrationsOf(t, {
    '0002-fill.sql': "insert into notes values ('one'); select pg_sleep(0.2);",
    '0001-make.sql': 'create table notes (text text)',
    'read.me': 'not SQL',
  });
  await Promise.all([1, 2, 3].map(() => migrate(database, folder)));
  await migrate(database, folder);
  assert.deepEqual(await namesOf(database), ['0001-make.sql', '0002-fill.sql']);
  assert.equal((await database.query('select from notes')).rowCount, 1);
});

test('a migration that fails is named, leaves nothing, and can be corrected', async (t) => {
  const database = await openDatabase(t);
  const first = { '0001-make.sql': 'create table notes (text text)' };
  const broken = { ...first, '0002-more.sql': 'create table more (text text); select 1/0;' };
  await assert.rejects(migrate(database, await migrationsOf(t, broken)), (error: Error) => {
    assert.equal(error.message, 'migration 0002-more.sql failed');
    assert.match(String(error.cause), /division by zero/);
    return true;
  });
  assert.deepEqual(await namesOf(database), ['0001-make.sql']);
  await assert.rejects(database.query('select from more'), { code: '42P01' });

  const corrected = { ...first, '0002-more.sql': 'create table more (text text)' };
  await migrate(database, await migrationsOf(t, corrected));
  assert.deepEqual(await namesOf(database), ['0001-make.sql', '0002-more.sql']);
});

/** Lines that a database logs, and the database: one that cannot be reached until it is let in. */
async function openLater(t: TestContext) {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
  const url = await createTestDatabaseUrl(t, () => database.close());
  const database = createDatabase({ url, connectionsMax: 1, applicationName: 'test', log });
  const letIn = await closeDatabase(url);
  return { database, lines, letIn, name: new URL(url).pathname.slice(1) };
}

test('migrations wait for a database that cannot be reached yet, and say so', async (t) => {
  const { database, lines, letIn, name } = await openLater(t);
  const done = migrate(database, await migrationsOf(t, { '0001-make.sql': 'create table a ()' }));
  await until('a second try', () => lines.length > 1);
  await letIn();
  await done;
  assert.deepEqual(await namesOf(database), ['0001-make.sql']);
  for (const line of lines) {
    assert.match(JSON.parse(line).msg, new RegExp(`^the database .*/${name} cannot be reached, `));
  }
});

test('migrations give a database up that cannot be reached within the time given', async (t) => {
  const { database, name } = await openLater(t);
  await assert.rejects(
    migrate(database, await migrationsOf(t, {}), { waitMs: 400 }),
    (error: Error) => {
      assert.match(error.message, new RegExp(`/${name} could not be reached within 0.4 s$`));
      assert.ok(error.cause instanceof Error);
      return true;
    },
  );
});

test('a database that refuses us is not waited for, and no message shows the password', async (t) => {
  const url = new URL(await createTestDatabaseUrl(t));
  url.pathname = '/no_such_database';
  const options = { connectionsMax: 1, applicationName: 'test', log: testLog };
  const database = createDatabase({ url: url.href, ...options });
  await assert.rejects(migrate(database, await migrationsOf(t, {})), (error: Error) => {
    assert.match(
      error.message,
      /^the database .*\/no_such_database refuses us: it has no such database: database /,
    );
    assert.ok(!describeError(error).includes(url.password || '@'));
    return true;
  });
});
