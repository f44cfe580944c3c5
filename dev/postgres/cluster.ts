import { type ExecFileException, execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createOnce, freshName, removeLeftovers, renameUnlessPresent } from '../files/drafts.ts';
import {
  DAMAGED_FILES,
  DamagedFileError,
  type KeptFile,
  readKeptFile,
  whyUnreadable,
} from '../files/kept-file.ts';
import type { ClusterDirectory } from './cluster-directory.ts';

/** Major version of the binaries in package.json, which must equal that of the data folder. */
const MAJOR_VERSION = '18';

// The slowest disks need some seconds. Without a time-out, a disk that hangs looks like our fault.
const INITDB_TIMEOUT_MS = 120_000;

/**
 * Creates the cluster unless it exists. An interruption leaves only files that the next start
 * removes, because the data folder gets its name when it is complete.
 * @returns the superuser's password
 * @throws Error with initdb's reason; DamagedFileError
 */
export async function initialise(cluster: ClusterDirectory): Promise<string> {
  await removeLeftovers(cluster.folder, basename(cluster.data));
  await removeLeftovers(cluster.folder, basename(cluster.passwordFile));
  const present = await hasCluster(cluster);
  const file: KeptFile = {
    path: cluster.passwordFile,
    purpose: "It holds the password of the database server's superuser.",
    remedy: `Restore it from a backup; without one, see ${DAMAGED_FILES}.`,
  };
  if ((await readKeptFile(file)) === undefined) {
    if (present) throw new DamagedFileError(file, 'is missing');
    await writePassword(cluster, randomBytes(24).toString('hex'));
  }
  const password = (await readKeptFile(file))?.trim() ?? '';
  if (!/^[0-9a-f]{48}$/.test(password)) throw new DamagedFileError(file, 'is not 48 hex digits');
  if (!present) await makeCluster(cluster);
  return password;
}

/** @throws DamagedFileError when the folder is not a cluster */
async function hasCluster(cluster: ClusterDirectory): Promise<boolean> {
  const remedy = 'Restore the folder from a backup, or move it away to begin with empty data.';
  const purpose = "It belongs to PostgreSQL's data.";
  const folder: KeptFile = { path: cluster.data, purpose: "It holds PostgreSQL's data.", remedy };
  const names = await readdir(cluster.data).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new DamagedFileError(folder, whyUnreadable(error));
  });
  if (names.length === 0) return false;
  const file: KeptFile = { path: join(cluster.data, 'PG_VERSION'), purpose, remedy };
  const version = (await readKeptFile(file))?.trim();
  if (version === undefined) throw new DamagedFileError(file, 'is missing');
  if (!/^\d+(\.\d+)?$/.test(version)) throw new DamagedFileError(file, 'is not a version');
  if (version !== MAJOR_VERSION) {
    throw new Error(
      `${cluster.data} was made by PostgreSQL ${version} (PG_VERSION), and this is ` +
        `${MAJOR_VERSION}: use the release of Orderbell that made it, or restore the folder`,
    );
  }
  return true;
}

/** Writes the superuser's password, unless the file exists. */
export async function writePassword(cluster: ClusterDirectory, password: string): Promise<void> {
  await createOnce(cluster.passwordFile, `${password}\n`, (draft) => giveToServer(cluster, draft));
}

async function makeCluster(cluster: ClusterDirectory): Promise<void> {
  const fresh = freshName(cluster.data);
  const args = [
    `--pgdata=${fresh}`,
    '--username=postgres',
    `--pwfile=${cluster.passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's built-in C.UTF-8 exists on every platform; the system's does not.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
  ];
  // initdb starts the server in a shell, with its path in double quotes.
  const [bad] = /["$`\\]/.exec(cluster.binaries.initdb) ?? [];
  if (bad !== undefined && process.platform !== 'win32') {
    const path = dirname(cluster.binaries.initdb);
    throw new Error(`PostgreSQL makes no data from ${path}, whose path has a ${bad}: rename it`);
  }
  try {
    await mkdir(fresh, { mode: 0o700 });
    await giveToServer(cluster, fresh);
    await promisify(execFile)(cluster.binaries.initdb, args, {
      ...serverProcess(cluster),
      timeout: INITDB_TIMEOUT_MS,
    }).catch((error: ExecFileException) => {
      throw new Error(`PostgreSQL's data cannot be made: ${whyInitdbFailed(error)}`);
    });
    await renameUnlessPresent(fresh, cluster.data);
    await syncFolder(cluster.folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** The relevant line of initdb's output. */
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

/** Options of `spawn` and `execFile` for PostgreSQL's binaries. */
export function serverProcess(cluster: ClusterDirectory) {
  // Variables for PostgreSQL's clients (PGDATA, PGPORT, …) would change our server's settings. On
  // macOS the postmaster becomes multithreaded without LC_ALL, and exits.
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return {
    ...cluster.user,
    cwd: cluster.folder,
    env: { ...Object.fromEntries(kept), LC_ALL: 'C' },
  };
}

async function giveToServer(cluster: ClusterDirectory, path: string): Promise<void> {
  if (cluster.user) await chown(path, cluster.user.uid, cluster.user.gid);
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
