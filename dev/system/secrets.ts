import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { access, constants, link, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DamagedFileError,
  type KeptFile,
  readKeptFile,
  whyUnreadable,
} from '../files/kept-file.ts';
import { isAlive } from '../files/process.ts';

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

const NAMES = [
  'databasePassword',
  'gatewayKey',
  'notificationsKey',
  'identitySecret',
  'operatorPassword',
] as const satisfies (keyof Secrets)[];

const OWNER_ONLY = 0o600;

/** New secrets, kept nowhere. */
export function createSecrets(): Secrets {
  return {
    databasePassword: randomText(),
    gatewayKey: newPrivateKey(),
    notificationsKey: newPrivateKey(),
    identitySecret: randomText(),
    operatorPassword: randomText(),
  };
}

/** The secrets of a data folder. */
export interface KeptSecrets {
  secrets: Secrets;
  /** Whether no start has shown the operator's password yet. */
  fresh: boolean;
  /** Keeps the operator's password in a file, which says that it was shown. */
  keepOperatorPassword(): Promise<void>;
}

/**
 * The secrets of a data folder, made at the first call.
 * @throws DamagedFileError when a file is not what an earlier start has written
 */
export async function loadSecrets(home: string): Promise<KeptSecrets> {
  await makeHome(home);
  await removeDrafts(home);
  const file = secretsFile(home);
  let text = await readKeptFile(file);
  if (text === undefined) {
    // New ones do not decrypt the keys in the databases that are there.
    if (await hasData(home)) throw new DamagedFileError(file, 'is missing');
    await writeSecrets(home);
    text = (await readKeptFile(file)) ?? '';
  }
  const secrets = parseSecrets(file, text);
  const shown = passwordFile(home);
  const password = await readKeptFile(shown);
  if (password !== undefined && password.trim() !== secrets.operatorPassword) {
    throw new DamagedFileError(shown, 'has another password than secrets.json');
  }
  return {
    secrets,
    fresh: password === undefined,
    async keepOperatorPassword() {
      await createOnce(shown.path, () => `${secrets.operatorPassword}\n`);
    },
  };
}

/** Makes new secrets where there are none. */
export async function writeSecrets(home: string): Promise<void> {
  const text = `${JSON.stringify(createSecrets(), null, 2)}\n`;
  await createOnce(secretsFile(home).path, () => text);
}

async function makeHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true });
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const folder = {
      path: home,
      purpose: 'It keeps the data, keys and passwords of this system.',
      remedy: 'Make it a folder of this user, or name another one in ORDERBELL_HOME.',
    };
    throw new DamagedFileError(folder, whyUnreadable(error));
  }
}

/** For root the data may lie elsewhere; the password of their server says the same. */
async function hasData(home: string): Promise<boolean> {
  const names = await readdir(home);
  return names.includes('postgres') || names.includes('operator-password');
}

const secretsFile = (home: string): KeptFile => ({
  path: join(home, 'secrets.json'),
  purpose: 'It holds the keys and passwords of this system.',
  remedy:
    'Restore it from a backup; without one, see "Damaged files" in docs/reference/starting.md.',
});

const passwordFile = (home: string): KeptFile => ({
  path: join(home, 'operator-password'),
  purpose: "It is a copy of the operator's password in secrets.json, for people and the CLI.",
  remedy: 'Delete it: the next start writes it again and shows the password.',
});

/** @throws DamagedFileError that names the first member which is missing or wrong */
function parseSecrets(file: KeptFile, text: string): Secrets {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DamagedFileError(file, 'is not JSON');
  }
  const members = (value ?? {}) as Record<string, unknown>;
  for (const name of NAMES) {
    const member = members[name];
    const isKey = name.endsWith('Key');
    const fits = typeof member === 'string' && (isKey ? isPrivateKey(member) : member.length >= 32);
    if (!fits) throw new DamagedFileError(file, `has no valid "${name}"`);
  }
  return value as Secrets;
}

function isPrivateKey(text: string): boolean {
  try {
    return createPrivateKey(text).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
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
    const pid = /^(?:secrets\.json|operator-password|running\.json)\.new-(\d+)$/.exec(name)?.[1];
    // A parallel start may be about to link its own.
    if (pid === undefined || isAlive(Number(pid))) continue;
    await rm(join(home, name), { force: true });
  }
}

function randomText(): string {
  return randomBytes(24).toString('base64url');
}

/** An Ed25519 key (PKCS#8 PEM). */
export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}
