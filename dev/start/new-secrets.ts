import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { serverProcess, writePassword } from '../postgres/cluster.ts';
import { findPlace, type Place } from '../postgres/cluster-directory.ts';
import { writeSecrets } from '../system/secrets.ts';

const SESSION_TIMEOUT_MS = 120_000;

/**
 * Makes new secrets for a data folder whose own are lost (docs/reference/starting.md): a new
 * password of the superuser, and no token keys, since the lost secret is needed to read them.
 * Accounts, wallets, orders and letters stay. The old files are kept under other names.
 * @throws Error while a server runs on the data; nothing is changed then
 */
export async function makeNewSecrets(home: string): Promise<void> {
  const place = await findPlace(home, () => {});
  if (existsSync(join(place.data, 'PG_VERSION'))) {
    const password = randomBytes(24).toString('hex');
    runAlone(place, 'postgres', `alter role postgres password '${password}'`);
    await setAside(place.passwordFile);
    await writePassword(place, password);
    // After a first start that was interrupted there may be no such database or table yet.
    if (hasTokenKeys(place)) runAlone(place, 'identity', 'delete from jwks');
  }
  await setAside(join(home, 'operator-password'));
  await setAside(join(home, 'secrets.json'));
  await writeSecrets(home);
}

const LIST = "select 'found' where exists (select from pg_database where datname = 'identity')";

function hasTokenKeys(place: Place): boolean {
  if (!/"found"/.test(runAlone(place, 'postgres', LIST))) return false;
  return /"jwks"/.test(runAlone(place, 'identity', "select to_regclass('jwks')::text"));
}

/** A session without a server, which needs no password and excludes one. @returns its output */
function runAlone(place: Place, database: string, statement: string): string {
  const args = ['--single', '-D', place.data, database];
  const { status, stdout, stderr, error } = spawnSync(place.binaries.postgres, args, {
    ...serverProcess(place),
    input: `${statement}\n`,
    encoding: 'utf8',
    timeout: SESSION_TIMEOUT_MS,
  });
  const fault = /(?:FATAL|PANIC|ERROR): +(.*)/.exec(stderr ?? '')?.[1];
  if (status === 0 && fault === undefined) return stdout;
  if (/lock file/.test(fault ?? '')) {
    throw new Error(`Orderbell, or its PostgreSQL, runs on ${place.folder}: stop it first`);
  }
  throw new Error(`PostgreSQL cannot change its data: ${fault ?? error?.message ?? stderr}`);
}

async function setAside(file: string): Promise<void> {
  if (existsSync(file)) await rename(file, `${file}.old-${Date.now()}`);
}
