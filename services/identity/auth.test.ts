import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getMigrations } from 'better-auth/db/migration';
import { createTestDatabaseUrl, testLog, testServerUrl } from '#harness/database.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { migrate } from '#platform/postgres/migrate.ts';
import { createAuthPool, createLibrary } from './auth.ts';
import { createPasswords } from './passwords.ts';

test('the migrations make the schema that better-auth expects', async (t) => {
  const databaseUrl = await createTestDatabaseUrl(t);
  const database = createDatabase({
    url: databaseUrl,
    connectionsMax: 1,
    applicationName: 'test',
    log: testLog,
  });
  t.after(() => database.close());
  await migrate(database, new URL('migrations/', import.meta.url));
  const options = {
    databaseUrl,
    secret: 'kq8Zt3Vx0pLm7Rw2Yc5Nh9Bd4Gf6Js1A',
    issuer: 'orderbell',
    audience: 'orderbell',
    tokenLifetimeS: 60,
    now: () => new Date(),
    passwords: createPasswords(),
    log: testLog,
  };
  const pool = createAuthPool(options);
  t.after(() => pool.end());
  const migrations = await getMigrations(createLibrary(options, pool).options);
  assert.deepEqual([migrations.toBeCreated, migrations.toBeAdded], [[], []]);
  assert.equal(await migrations.compileMigrations(), ';');
});

test('a connection whose statement timed out is not used again', async (t) => {
  const pool = createAuthPool({ databaseUrl: testServerUrl(), log: testLog });
  t.after(() => pool.end());
  const client = await pool.connect();
  await assert.rejects(client.query('this is no SQL'));
  // The server must not be the one that gives up.
  await client.query('set statement_timeout = 0');
  await assert.rejects(client.query('select pg_sleep(60)'), /timeout/);
  client.release();
  assert.equal(pool.totalCount, 0);
  const other = await pool.connect();
  await assert.rejects(other.query('this is no SQL'));
  other.release();
  assert.equal(pool.totalCount, 1);
});
