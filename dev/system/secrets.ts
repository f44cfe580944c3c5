import { createHmac, createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { access, constants, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createOnce, removeLeftovers } from '../files/drafts.ts';
import {
  DAMAGED_FILES,
  DamagedFileError,
  type KeptFile,
  readKeptFile,
  whyUnreadable,
} from '../files/kept-file.ts';

/** Secrets that the default set-up creates at its first start and keeps. */
const makers = {
  /** Of the role of each service's database. */
  databasePassword: randomText,
  /** Ed25519 keys (PKCS#8 PEM) of the services that call others. */
  gatewayKey: newPrivateKey,
  notificationsKey: newPrivateKey,
  identitySecret: randomText,
  operatorPassword: randomText,
};
export type Secrets = Record<keyof typeof makers, string>;

/**
 * The secret that encrypts the secrets of webhooks. It follows from another one, so that a data
 * folder of a version without webhooks needs no new file.
 */
export function webhooksSecretOf({ identitySecret }: Pick<Secrets, 'identitySecret'>): string {
  return createHmac('sha256', identitySecret).update('webhooks').digest('base64url');
}

/** Creates new secrets without storing them. */
export function createSecrets(): Secrets {
  const made = Object.entries(makers).map(([name, make]) => [name, make()]);
  return Object.fromEntries(made) as Secrets;
}

/**
 * The secrets of a data folder, made at the first call.
 * @throws DamagedFileError when a file is not what an earlier start has written
 */
export async function loadSecrets(home: string) {
  await makeHome(home);
  for (const name of ['secrets.json', 'operator-password', 'running.json']) {
    await removeLeftovers(home, name);
  }
  const file = secretsFile(home);
  let text = await readKeptFile(file);
  if (text === undefined) {
    // New secrets would not decrypt the keys in the existing databases.
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
    /** Whether no start has shown the operator's password yet. */
    fresh: password === undefined,
    /** Keeps the operator's password in a file, which says that it was shown. */
    async keepOperatorPassword() {
      await createOnce(shown.path, `${secrets.operatorPassword}\n`);
    },
  };
}

/** Makes new secrets where there are none. */
export async function writeSecrets(home: string): Promise<void> {
  await createOnce(secretsFile(home).path, `${JSON.stringify(createSecrets(), null, 2)}\n`);
}

async function makeHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
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

/**
 * Whether an earlier start has created data. For root the data may be in another folder, so a stored
 * operator's password counts too.
 */
async function hasData(home: string): Promise<boolean> {
  const names = await readdir(home);
  return names.includes('postgres') || names.includes('operator-password');
}

const secretsFile = (home: string): KeptFile => ({
  path: join(home, 'secrets.json'),
  purpose: 'It holds the keys and passwords of this system.',
  remedy: `Restore it from a backup; without one, see ${DAMAGED_FILES}.`,
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
  for (const name of Object.keys(makers)) {
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

/** No character of it needs quotes or percent-encoding, neither in a URL nor in a file. */
export function randomText(): string {
  return randomBytes(24).toString('base64url');
}

/** An Ed25519 key (PKCS#8 PEM). */
export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}
