import type pg from 'pg';
import { pause } from '../async/backoff.ts';
import { START_WAIT_MS, startStep } from '../service/start-step.ts';
import { ConnectError } from './connections.ts';
import type { Database } from './database.ts';
import { isTransient, sqlState } from './errors.ts';
import { type Migration, readMigrations, statementsOf } from './migration-files.ts';
import * as store from './migration-store.ts';

interface MigrateOptions {
  /** How long to wait for the database (a minute). */
  waitMs?: number;
  /** False: only check that all are applied. */
  apply?: boolean;
  /** The command that applies them, for people. */
  command?: string;
  /** Whether statements of one client may reach several sessions of the server. */
  pooled?: boolean;
}

/** A migration that PostgreSQL refused, with the reason as `cause`; or one that cannot be applied. */
export class MigrationError extends Error {}

/**
 * Applies the `*.sql` files of folders that are not applied yet: folder by folder, in name order,
 * each in a transaction unless it is marked (migration-files.ts). Safe when replicas start
 * together: one applies, the others wait. Where nothing is missing it only reads, so a role
 * without rights to change tables is enough. Waits for an unreachable database, and retries after
 * transient faults.
 * @param folders URLs of the migrations folders, ending in `/`
 * @returns the names of the files that this call applied
 * @throws Error that names the database or the migration
 */
export async function migrate(
  database: Pick<Database, 'dedicatedClient' | 'log'>,
  folders: URL | readonly URL[],
  options: MigrateOptions = {},
): Promise<string[]> {
  const { waitMs = START_WAIT_MS } = options;
  const files = await readMigrations([folders].flat() as URL[]);
  const say = (line: string) => database.log.warn(line);
  const applied: string[] = [];
  await startStep(
    'its migrations',
    async () => {
      const client = await database.dedicatedClient({ waitMs });
      try {
        await applyMissing(client, files, { ...options, say, onApplied: (n) => applied.push(n) });
      } finally {
        await client.end();
      }
    },
    { waitMs, say, isTransient: isTransientInMigration },
  );
  return applied;
}

function isTransientInMigration(error: unknown): boolean {
  // `dedicatedClient` has retried already.
  if (error instanceof ConnectError) return false;
  if (!(error instanceof MigrationError)) return isTransient(error);
  return error.cause !== undefined && isTransient(error.cause);
}

interface Run extends MigrateOptions {
  say: (line: string) => void;
  onApplied: (name: string) => void;
}

async function applyMissing(client: pg.Client, files: Migration[], run: Run): Promise<void> {
  const recorded = await store.findApplied(client);
  const missing = missingOf(files, recorded);
  const [first] = missing;
  const { apply = true, command = 'the migrations' } = run;
  if (!apply) {
    if (first === undefined) return;
    throw new MigrationError(
      `migration ${first.name} is not applied, and MIGRATE_ON_START is false: run ${command} first`,
    );
  }
  const known = recorded.filter(({ checksum }) => checksum !== null).map(({ name }) => name);
  if (files.every(({ name }) => known.includes(name))) return;
  try {
    await inTransaction(client, run, () => store.prepare(client, files));
    for (const file of missing) await applyOne(client, file, run);
  } catch (error) {
    // 42501: insufficient privilege, which its cause explains; the remedy is ours.
    const cause = error instanceof MigrationError ? error.cause : error;
    if (sqlState(cause) !== '42501') throw error;
    const what = first === undefined ? 'checksums of migrations' : `migration ${first.name}`;
    throw new MigrationError(`this role may not apply ${what}: run ${command} as the owner`, {
      cause,
    });
  }
}

/** @throws MigrationError for a file that was changed after it was applied */
function missingOf(files: Migration[], recorded: store.AppliedMigration[]): Migration[] {
  const checksums = new Map(recorded.map(({ name, checksum }) => [name, checksum]));
  for (const { name, checksum } of files) {
    if ((checksums.get(name) ?? checksum) === checksum) continue;
    throw new MigrationError(
      `migration ${name} was changed after it was applied: restore the file, and put the change ` +
        'into a new one',
    );
  }
  return files.filter(({ name }) => !checksums.has(name));
}

async function applyOne(client: pg.Client, file: Migration, run: Run): Promise<void> {
  const work = async (statements: string[]): Promise<void> => {
    // Another process may have applied it while this one waited for the lock.
    if (missingOf([file], await store.findApplied(client)).length === 0) return;
    try {
      for (const statement of statements) await client.query(statement);
      await store.insertApplied(client, file);
    } catch (cause) {
      throw new MigrationError(`migration ${file.name} failed`, { cause });
    }
    run.onApplied(file.name);
  };
  if (file.inTransaction) return inTransaction(client, run, () => work([file.sql]));
  if (run.pooled) {
    throw new MigrationError(
      `migration ${file.name} runs outside of a transaction, so it needs a connection past the ` +
        'pooler: set the setting _MIGRATION_DATABASE_URL of this service',
    );
  }
  await untilLocked(run, client, () => store.trySessionLock(client));
  try {
    await work(statementsOf(file));
  } finally {
    // After a lost connection the server has released it.
    await store.releaseSessionLock(client).catch(() => {});
  }
}

/** Runs work in a transaction that holds the migration lock, so that no pooler can leak it. */
async function inTransaction(
  client: pg.Client,
  run: Run,
  work: () => Promise<unknown>,
): Promise<void> {
  const tryLock = async (): Promise<boolean> => {
    await client.query(store.BEGIN);
    const taken = await store.tryTransactionLock(client);
    if (!taken) await client.query('rollback');
    return taken;
  };
  await untilLocked(run, client, tryLock);
  try {
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

// A waiting statement would hold a snapshot, and `create index concurrently` waits for those: the
// two would wait for each other.
const LOCK_POLL_MS = 200;
const SAY_EVERY_POLLS = 50;

async function untilLocked(
  { say }: Pick<Run, 'say'>,
  client: pg.Client,
  tryLock: () => Promise<boolean>,
): Promise<void> {
  for (let polls = 1; !(await tryLock()); polls++) {
    if (polls % SAY_EVERY_POLLS === 0) {
      say(`migrations wait for their lock, held by ${await store.findLockHolder(client)}`);
    }
    await pause(LOCK_POLL_MS);
  }
}
