import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from './postgres-process.ts';

/** What the default set-up makes for itself at its first start and keeps. */
export interface Secrets {
  /** Of the role of each service's database. */
  databasePassword: string;
  /** Ed25519 keys (PKCS#8 PEM) of the services that call others. */
  gatewayKey: string;
  notificationsKey: string;
  identitySecret: string;
  operatorPassword: string;
}

const OWNER_ONLY = 0o600;

/** New secrets, kept nowhere. */
export function createSecrets(): Secrets {
  return {
    databasePassword: randomText(),
    gatewayKey: privateKey(),
    notificationsKey: privateKey(),
    identitySecret: randomText(),
    operatorPassword: randomText(),
  };
}

/**
 * The secrets of a data folder, made at the first call.
 * @returns `fresh` when they were made now, so that the operator's password is shown once
 */
export async function loadSecrets(home: string): Promise<{ secrets: Secrets; fresh: boolean }> {
  await mkdir(home, { recursive: true });
  await removeDrafts(home);
  const file = join(home, 'secrets.json');
  const fresh = await createOnce(file, () => `${JSON.stringify(createSecrets(), null, 2)}\n`);
  const secrets = JSON.parse(await readFile(file, 'utf8')) as Secrets;
  await createOnce(join(home, 'operator-password'), () => `${secrets.operatorPassword}\n`);
  return { secrets, fresh };
}

/**
 * Makes a file with its whole content or not at all, also when two starts do it at once or one is
 * killed on the way: `link` never replaces what is there.
 * @returns false when it existed
 */
async function createOnce(file: string, content: () => string): Promise<boolean> {
  const draft = `${file}.new-${process.pid}`;
  await writeFile(draft, content(), { mode: OWNER_ONLY, flush: true });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** What starts that were killed have left: copies of secrets that nobody would look for. */
async function removeDrafts(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    const pid = /^(?:secrets\.json|operator-password)\.new-(\d+)$/.exec(name)?.[1];
    // A parallel start may be about to link its own.
    if (pid === undefined || isAlive(Number(pid))) continue;
    await rm(join(home, name), { force: true });
  }
}

function randomText(): string {
  return randomBytes(24).toString('base64url');
}

function privateKey(): string {
  const { privateKey: key } = generateKeyPairSync('ed25519');
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}
