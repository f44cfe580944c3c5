import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import pg from 'pg';
import pino from 'pino';
import { createDatabase, type Database, migrate } from '#platform/database.ts';

/** Logs nothing: tests look at results. Set LOG_LEVEL=debug to see what happens. */
export const testLog = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

/** The superuser's URL of the server that `test/run.ts` started. */
export function testServerUrl(): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (url === undefined) throw new Error('TEST_POSTGRES_URL is not set: run tests by `npm test`');
  return url;
}

/**
 * Makes an empty database that is dropped after the test.
 * @param beforeDrop closes what uses it: hooks run in the order of their registration, so that one
 *   registered later would find the database gone
 * @returns its URL
 */
export async function createTestDatabaseUrl(
  t: TestContext,
  beforeDrop: () => Promise<void> = async () => {},
): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asSuperuser((client) => client.query(`create database ${name}`));
  t.after(async () => {
    await beforeDrop();
    await asSuperuser((client) => client.query(`drop database ${name} with (force)`));
  });
  const url = new URL(testServerUrl());
  url.pathname = `/${name}`;
  return url.href;
}

/** An own database with the given migrations applied, closed and dropped after the test. */
export async function createTestDatabase(t: TestContext, migrations: URL): Promise<Database> {
  const url = await createTestDatabaseUrl(t, () => database.close());
  const database = createDatabase({
    url,
    connectionsMax: 10,
    applicationName: 'test',
    log: testLog,
  });
  await migrate(database, migrations);
  return database;
}

async function asSuperuser(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: testServerUrl() });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
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
