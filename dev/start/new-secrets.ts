import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { serverProcess, writePassword } from '../postgres/cluster.ts';
import { type ClusterDirectory, findClusterDirectory } from '../postgres/cluster-directory.ts';
import { writeSecrets } from '../system/secrets.ts';

const SESSION_TIMEOUT_MS = 120_000;

/**
 * Replaces the lost secrets of a data folder (docs/reference/starting.md): sets a new password of the
 * superuser, and deletes the token keys, which only the lost secret can decrypt. Accounts, wallets,
 * orders and letters stay. Renames the old files.
 * @throws Error while a server runs on the data; it changes nothing then
 */
export async function makeNewSecrets(home: string): Promise<void> {
  const cluster = await findClusterDirectory(home, () => {});
  if (existsSync(join(cluster.data, 'PG_VERSION'))) {
    const password = randomBytes(24).toString('hex');
    runSingleUser(cluster, 'postgres', `alter role postgres password '${password}'`);
    await setAside(cluster.passwordFile);
    await writePassword(cluster, password);
    // An interrupted first start leaves no such database or table.
    if (hasTokenKeys(cluster)) runSingleUser(cluster, 'identity', 'delete from jwks');
  }
  await setAside(join(home, 'operator-password'));
  await setAside(join(home, 'secrets.json'));
  await writeSecrets(home);
}

const LIST = "select 'found' where exists (select from pg_database where datname = 'identity')";

function hasTokenKeys(cluster: ClusterDirectory): boolean {
  if (!/"found"/.test(runSingleUser(cluster, 'postgres', LIST))) return false;
  return /"jwks"/.test(runSingleUser(cluster, 'identity', "select to_regclass('jwks')::text"));
}

/** Single-user mode: needs no password, and excludes a server. @returns its output */
function runSingleUser(cluster: ClusterDirectory, database: string, statement: string): string {
  const args = ['--single', '-D', cluster.data, database];
  const { status, stdout, stderr, error } = spawnSync(cluster.binaries.postgres, args, {
    ...serverProcess(cluster),
    input: `${statement}\n`,
    encoding: 'utf8',
    timeout: SESSION_TIMEOUT_MS,
  });
  const fault = /(?:FATAL|PANIC|ERROR): +(.*)/.exec(stderr ?? '')?.[1];
  if (status === 0 && fault === undefined) return stdout;
  if (/lock file/.test(fault ?? '')) {
    throw new Error(`Orderbell, or its PostgreSQL, runs on ${cluster.folder}: stop it first`);
  }
  throw new Error(`PostgreSQL cannot change its data: ${fault ?? error?.message ?? stderr}`);
}

async function setAside(file: string): Promise<void> {
  if (existsSync(file)) await rename(file, `${file}.old-${Date.now()}`);
}
