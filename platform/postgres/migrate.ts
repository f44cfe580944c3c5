import { readdir, readFile } from 'node:fs/promises';
import type pg from 'pg';
import { Type } from 'typebox';
import { ConfigError } from '../config/load-config.ts';
import { START_WAIT_MS, startStep } from '../service/start-step.ts';
import { ConnectError, type DatabaseOptions } from './connections.ts';
import { createDatabase, type Database } from './database.ts';
import { isTransient } from './errors.ts';

// Any constant works, as long as it differs from other users of advisory locks.
const MIGRATION_LOCK = 4_207_001;

/** The setting `<NAME>_DATABASE_URL` of a service. */
export const databaseUrl = (service: string) =>
  Type.String({
    format: 'postgres-url',
    description: `PostgreSQL database of the ${service} service.`,
  });

/** Opens a service's database and applies its migrations (`migrate`). */
export async function openDatabase(
  options: DatabaseOptions & { migrations: URL },
): Promise<Database> {
  const database = createDatabase(options);
  await closeOnFailure(database, migrate(database, options.migrations));
  return database;
}

/**
 * Runs one step of a service's start on its database, and retries it after transient faults
 * (start-step.ts).
 * @param work may safely be repeated, also after an unknown outcome
 */
export function databaseStep<T>(
  database: Database,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  const step = startStep(what, work, {
    say: (line) => database.log.warn(line),
    // A setting that contradicts the data fails again in the same way.
    isTransient: (error) => !(error instanceof ConfigError) && isTransient(error),
  });
  return closeOnFailure(database, step);
}

/** Closes the connections of a start that fails: its caller has no handle to close them. */
async function closeOnFailure<T>(database: Database, step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** PostgreSQL refused a migration; `cause` says why. */
class MigrationError extends Error {
  constructor(file: string, cause: unknown) {
    super(`migration ${file} failed`, { cause });
    this.name = 'MigrationError';
  }
}

/**
 * Applies the `*.sql` files of a folder that are not applied yet, in name order, each in a
 * transaction. Safe when replicas start together: one applies, the others wait. Waits for an
 * unreachable database, and retries after transient faults.
 * @param folder URL of the migrations folder, ending in `/`
 * @param waitMs how long to wait for the database (a minute)
 * @throws Error that names the database or the failed migration
 */
export async function migrate(
  database: Database,
  folder: URL,
  waitMs = START_WAIT_MS,
): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  await startStep(
    'its migrations',
    async () => {
      const client = await database.dedicatedClient({ waitMs });
      try {
        await applyMissing(client, folder, files);
      } finally {
        await client.end();
      }
    },
    { waitMs, say: (line) => database.log.warn(line), isTransient: isTransientInMigration },
  );
}

function isTransientInMigration(error: unknown): boolean {
  // `dedicatedClient` has retried already.
  if (error instanceof ConnectError) return false;
  return isTransient(error instanceof MigrationError ? error.cause : error);
}

async function applyMissing(client: pg.Client, folder: URL, files: string[]): Promise<void> {
  await client.query('set lock_timeout = 0');
  await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
  await client.query(
    'create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())',
  );
  const { rows } = await client.query<{ name: string }>('select name from migrations');
  const applied = new Set(rows.map((row) => row.name));
  for (const file of files.filter((name) => !applied.has(name))) {
    const sql = await readFile(new URL(file, folder), 'utf8');
    try {
      await client.query('begin');
      await client.query(sql);
      await client.query('insert into migrations (name) values ($1)', [file]);
      await client.query('commit');
    } catch (error) {
      throw new MigrationError(file, error);
    }
  }
}
