import type pg from 'pg';
import type { Migration } from './migration-files.ts';

// Any constant works, as long as it differs from other users of advisory locks. Versions before
// this file take it as a lock of the session, which excludes a lock of the transaction too.
const MIGRATION_LOCK = 4_207_001;

/** A migration takes its time, also where the role has limits. */
export const BEGIN =
  'begin; set local statement_timeout = 0; set local lock_timeout = 0; ' +
  'set local idle_in_transaction_session_timeout = 0';

export interface AppliedMigration {
  name: string;
  /** Null when a version without checksums applied it. */
  checksum: string | null;
}

/** The applied migrations; none in an empty database. */
export async function findApplied(client: pg.Client): Promise<AppliedMigration[]> {
  const { rows } = await client.query<{ present: boolean }>(
    "select to_regclass('migrations') is not null as present",
  );
  if (rows[0]?.present !== true) return [];
  // By JSON: the table of an older version lacks the column.
  const applied = await client.query<AppliedMigration>(
    "select name, to_jsonb(m) ->> 'checksum' as checksum from migrations m",
  );
  return applied.rows;
}

/** Creates the table, and records the checksums of files that an older version applied. */
export async function prepare(client: pg.Client, files: Migration[]): Promise<void> {
  await client.query(
    `create table if not exists migrations (
      name text primary key, applied_at timestamptz not null default now());
     alter table migrations add column if not exists checksum text`,
  );
  await client.query(
    `update migrations m set checksum = f.checksum
      from unnest($1::text[], $2::text[]) as f (name, checksum)
      where m.name = f.name and m.checksum is null`,
    [files.map(({ name }) => name), files.map(({ checksum }) => checksum)],
  );
}

export async function insertApplied(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('insert into migrations (name, checksum) values ($1, $2)', [
    migration.name,
    migration.checksum,
  ]);
}

const tryLock = (kind: 'xact_' | '') => async (client: pg.Client) => {
  const { rows } = await client.query(`select pg_try_advisory_${kind}lock($1) as taken`, [
    MIGRATION_LOCK,
  ]);
  return rows[0].taken as boolean;
};

/** Until the end of the transaction. */
export const tryTransactionLock = tryLock('xact_');

/** Until the end of the session. */
export const trySessionLock = tryLock('');

export async function releaseSessionLock(client: pg.Client): Promise<void> {
  await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
}

/** The session that holds the lock, for people. */
export async function findLockHolder(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ holder: string }>(
    `select format('pid %s (%s)', a.pid, coalesce(nullif(a.application_name, ''), 'no name'))
        as holder
      from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'advisory' and l.objid = $1 and l.granted
        and a.datname = current_database() limit 1`,
    [MIGRATION_LOCK],
  );
  return rows[0]?.holder ?? 'a session that has just ended';
}
