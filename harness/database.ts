import assert from 'node:assert/strict';
import { hash, randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import pg from 'pg';
import pino from 'pino';
import { AUDIT_MIGRATIONS } from '#platform/postgres/audit-trail.ts';
import { createDatabase, type Database } from '#platform/postgres/database.ts';
import { migrate } from '#platform/postgres/migrate.ts';

/** Logs nothing: tests look at results. Set LOG_LEVEL=debug to see what happens. */
export const testLog = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

/** The superuser's URL of the server that `test/run.ts` started. */
export function testServerUrl(): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (url === undefined) throw new Error('TEST_POSTGRES_URL is not set: run tests by `npm test`');
  return url;
}

/** Where the migrations of a service are, or those of the embedded broker under `broker`. */
export function migrationsOf(name: string): URL {
  const folder = name === 'broker' ? 'platform/broker/embedded/' : `services/${name}/`;
  return new URL(`../${folder}migrations/`, import.meta.url);
}

/**
 * Makes a database that is dropped after the test.
 * @param beforeDrop closes what uses it: hooks run in the order of their registration, so that one
 *   registered later would find the database gone
 * @param migrations applied already; the database is empty without them
 * @returns its URL
 */
export async function createTestDatabaseUrl(
  t: TestContext,
  beforeDrop: () => Promise<void> = async () => {},
  migrations?: URL,
): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await copyDatabase(name, migrations);
  t.after(async () => {
    await beforeDrop();
    await dropDatabase(name);
  });
  return urlOf(name);
}

/** An own database with the given migrations applied, closed and dropped after the test. */
export async function createTestDatabase(t: TestContext, migrations: URL): Promise<Database> {
  const url = await createTestDatabaseUrl(t, () => database.close(), migrations);
  const database = openDatabase(url);
  return database;
}

/** Makes a database on the server of all tests: empty, or with these migrations applied. */
export async function copyDatabase(name: string, migrations?: URL): Promise<void> {
  const template =
    migrations === undefined
      ? 'template1'
      : await templates.getOrInsertComputed(migrations.href, makeTemplate);
  // Files are copied in a third of the processor time that copying by the log takes.
  await superuser().query(`create database ${name} template ${template} strategy file_copy`);
}

/** Drops a database on the server of all tests, with the connections that it has left. */
export async function dropDatabase(name: string): Promise<void> {
  await superuser().query(`drop database ${name} with (force)`);
}

/** URL of a database on a server. */
export function urlOf(name: string, server = testServerUrl()): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Connections to any database; the caller closes them. */
export function openDatabase(url: string, connectionsMax = 10, applicationName = 'test'): Database {
  return createDatabase({ url, connectionsMax, applicationName, log: testLog });
}

let superuserPool: pg.Pool | undefined;

/** Connections that all tests of this process share, and that do not keep it running. */
function superuser(): pg.Pool {
  superuserPool ??= new pg.Pool({
    connectionString: testServerUrl(),
    max: 6,
    allowExitOnIdle: true,
  });
  return superuserPool;
}

/** Databases that those with these migrations are copied from, each migrated once in a run. */
const templates = new Map<string, Promise<string>>();

async function makeTemplate(migrations: string): Promise<string> {
  const name = `template_${hash('sha256', migrations).slice(0, 16)}`;
  const client = await superuser().connect();
  try {
    // The files of a run are several processes.
    await client.query('select pg_advisory_lock(hashtext($1))', [name]);
    const { rows } = await client.query(
      'select datistemplate from pg_database where datname = $1',
      [name],
    );
    if (rows[0]?.datistemplate !== true) {
      // A process that died here has left a part of it.
      await client.query(`drop database if exists ${name} with (force)`);
      await client.query(`create database ${name}`);
      const database = openDatabase(urlOf(name), 1);
      await migrate(database, [new URL(migrations), AUDIT_MIGRATIONS]).finally(() =>
        database.close(),
      );
      // With a connection to it, it could not be copied.
      await client.query(`alter database ${name} is_template true allow_connections false`);
    }
    await client.query('select pg_advisory_unlock(hashtext($1))', [name]);
    return name;
  } finally {
    client.release();
  }
}

/** Rows of any database, by a connection of its own. */
export async function queryRows(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  // A server that dies after the answer: without a listener this would end the process (pg).
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** Takes a database away from everybody, as a server that is down would. */
export async function closeDatabase(url: string): Promise<() => Promise<void>> {
  const name = new URL(url).pathname.slice(1);
  const server = new URL('/postgres', url);
  server.search = new URL(url).search;
  const allow = (yes: boolean) =>
    queryRows(server.href, `alter database ${name} allow_connections ${yes}`);
  await allow(false);
  await queryRows(
    server.href,
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
    [name],
  );
  await assert.rejects(queryRows(url, 'select 1'));
  return async () => {
    await allow(true);
  };
}
