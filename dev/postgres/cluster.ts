import { type ExecFileException, execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, link, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freshName, removeLeftovers, renameUnlessPresent } from '../files/drafts.ts';
import {
  DamagedFileError,
  type KeptFile,
  readKeptFile,
  whyUnreadable,
} from '../files/kept-file.ts';
import type { Place } from './cluster-directory.ts';

/** Major version of the binaries in package.json: what a data folder must have been made by. */
const MAJOR_VERSION = '18';

// The slowest disk needs some seconds. Without a limit a hung disk looks like a hung start.
const INITDB_TIMEOUT_MS = 120_000;

/**
 * Makes the cluster unless it is there. An interruption at any moment leaves only files that the
 * next start removes, because the data get their name when they are complete.
 * @returns the superuser's password
 * @throws Error with initdb's reason; DamagedFileError
 */
export async function initialise(place: Place): Promise<string> {
  await removeLeftovers(place.folder, basename(place.data));
  await removeLeftovers(place.folder, basename(place.passwordFile));
  const present = await hasCluster(place);
  const file: KeptFile = {
    path: place.passwordFile,
    purpose: "It holds the password of the database server's superuser.",
    remedy:
      'Restore it from a backup; without one, see "Damaged files" in docs/reference/starting.md.',
  };
  if ((await readKeptFile(file)) === undefined) {
    if (present) throw new DamagedFileError(file, 'is missing');
    await writePassword(place, randomBytes(24).toString('hex'));
  }
  const password = (await readKeptFile(file))?.trim() ?? '';
  if (!/^[0-9a-f]{48}$/.test(password)) throw new DamagedFileError(file, 'is not 48 hex digits');
  if (!present) await makeCluster(place);
  return password;
}

/** @throws DamagedFileError when something else is in its place */
async function hasCluster(place: Place): Promise<boolean> {
  const remedy = 'Restore the folder from a backup, or move it away to begin with empty data.';
  const purpose = "It belongs to PostgreSQL's data.";
  const folder: KeptFile = { path: place.data, purpose: "It holds PostgreSQL's data.", remedy };
  const names = await readdir(place.data).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new DamagedFileError(folder, whyUnreadable(error));
  });
  if (names.length === 0) return false;
  const file: KeptFile = { path: join(place.data, 'PG_VERSION'), purpose, remedy };
  const version = (await readKeptFile(file))?.trim();
  if (version === undefined) throw new DamagedFileError(file, 'is missing');
  if (!/^\d+(\.\d+)?$/.test(version)) throw new DamagedFileError(file, 'is not a version');
  if (version !== MAJOR_VERSION) {
    throw new Error(
      `${place.data} was made by PostgreSQL ${version} (PG_VERSION), and this is ` +
        `${MAJOR_VERSION}: use the release of Orderbell that made it, or restore the folder`,
    );
  }
  return true;
}

/** Keeps the superuser's password, unless one is there. */
export async function writePassword(place: Place, password: string): Promise<void> {
  const fresh = freshName(place.passwordFile);
  try {
    await writeFile(fresh, `${password}\n`, { mode: 0o600, flush: true });
    await giveToServer(place, fresh);
    // Unlike rename, link never replaces the password of a start that was faster.
    await link(fresh, place.passwordFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(fresh, { force: true });
  }
}

async function makeCluster(place: Place): Promise<void> {
  const fresh = freshName(place.data);
  const args = [
    `--pgdata=${fresh}`,
    '--username=postgres',
    `--pwfile=${place.passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own C.UTF-8 exists on every platform, the system's does not.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
  ];
  // initdb starts the server by a shell, its path in double quotes.
  const [bad] = /["$`\\]/.exec(place.binaries.initdb) ?? [];
  if (bad !== undefined && process.platform !== 'win32') {
    const path = dirname(place.binaries.initdb);
    throw new Error(`PostgreSQL makes no data from ${path}, whose path has a ${bad}: rename it`);
  }
  try {
    await mkdir(fresh, { mode: 0o700 });
    await giveToServer(place, fresh);
    await promisify(execFile)(place.binaries.initdb, args, {
      ...serverProcess(place),
      timeout: INITDB_TIMEOUT_MS,
    }).catch((error: ExecFileException) => {
      throw new Error(`PostgreSQL's data cannot be made: ${whyInitdbFailed(error)}`);
    });
    await renameUnlessPresent(fresh, place.data);
    await syncFolder(place.folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** One line of what initdb has printed. */
function whyInitdbFailed({ killed, message, stderr }: ExecFileException): string {
  if (killed) return `initdb did not end within ${INITDB_TIMEOUT_MS / 1000} s`;
  if (/could not look up effective user/.test(String(stderr))) {
    return (
      `PostgreSQL needs a user with a name, and uid ${process.getuid?.()} has none: add it to ` +
      '/etc/passwd, or start as another user'
    );
  }
  const lines = String(stderr)
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.find((line) => /error:|FATAL|PANIC/.test(line)) ?? lines[0] ?? message;
}

/** What `spawn` and `execFile` need to run PostgreSQL's binaries. */
export function serverProcess(place: Place) {
  // Settings for PostgreSQL's clients (PGDATA, PGPORT, …) must not reach our server. LC_ALL: on
  // macOS a postmaster without it becomes multithreaded and gives up.
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return { ...place.user, cwd: place.folder, env: { ...Object.fromEntries(kept), LC_ALL: 'C' } };
}

async function giveToServer(place: Place, path: string): Promise<void> {
  if (place.user) await chown(path, place.user.uid, place.user.gid);
}

/** Makes a rename survive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
