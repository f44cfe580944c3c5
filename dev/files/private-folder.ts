import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { DamagedFileError, whyUnreadable } from './kept-file.ts';

/** For this process and all that it starts: what they write is for this user only. */
export const PRIVATE_UMASK = 0o077;

const OF_OTHERS = 0o077;
const STICKY = 0o1000;

/**
 * Creates the folder of the data where missing, and takes the permissions of other users from it and
 * from everything in it: earlier versions, restored backups and other programs grant them.
 * @returns a line for people about what stays open: the folder belongs to another user, or a link in
 *   it leads to an open file elsewhere
 * @throws DamagedFileError for a folder that others need, such as /tmp, or that cannot be used
 */
export function makePrivate(home: string): string | null {
  const folder = {
    path: home,
    purpose: 'It keeps the data, keys and passwords of this system, for one user only.',
    remedy: 'Make it a folder of this user, or name another one in ORDERBELL_HOME.',
  };
  let real: string;
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    real = realpathSync(home);
    if (isShared(real)) throw new DamagedFileError(folder, 'is a folder that others use too');
    const found = lstatSync(real);
    repair(real, found);
    if (!isOurs(found) && (found.mode & OF_OTHERS) !== 0) {
      return `${home} belongs to uid ${found.uid}: other users of this machine may read it`;
    }
    return openLinks(home);
  } catch (error) {
    if (error instanceof DamagedFileError) throw error;
    throw new DamagedFileError(folder, whyUnreadable(error));
  }
}

/** The root, a home with other things in it, and folders where every user may write. */
function isShared(folder: string): boolean {
  if (dirname(folder) === folder) return true;
  if (folder === homedir() && !existsSync(join(folder, 'secrets.json'))) return true;
  return (lstatSync(folder).mode & STICKY) !== 0;
}

function repair(path: string, found: Stats): void {
  if (found.isSymbolicLink()) return;
  if ((found.mode & OF_OTHERS) !== 0 && isOurs(found)) {
    setMode(path, found.mode & 0o7777 & ~OF_OTHERS);
  }
  if (!found.isDirectory()) return;
  for (const name of list(path)) {
    const inner = join(path, name);
    // A server that still runs may remove a file meanwhile.
    const seen = lstatSync(inner, { throwIfNoEntry: false });
    if (seen !== undefined) repair(inner, seen);
  }
}

/**
 * Links are not followed here, so what they lead to keeps its permissions.
 * @throws DamagedFileError for root, for whom the folder belongs to the user of PostgreSQL: by a link of
 *   that user root would write to any file
 */
function openLinks(home: string): string | null {
  const open = list(home).filter((name) => {
    const path = join(home, name);
    const link = lstatSync(path, { throwIfNoEntry: false });
    if (link?.isSymbolicLink() !== true) return false;
    if (process.getuid?.() === 0 && link.uid !== 0) {
      const file = { path, purpose: 'Root writes there.', remedy: 'Remove it.' };
      throw new DamagedFileError(file, `is a link of uid ${link.uid}`);
    }
    const target = statSync(path, { throwIfNoEntry: false });
    return target !== undefined && (target.mode & OF_OTHERS) !== 0;
  });
  if (open.length === 0) return null;
  const where = `${open.join(', ')} in ${home}`;
  return `Other users of this machine may use what links lead to: ${where}. chmod go= closes it`;
}

// NONBLOCK: a pipe would wait for its writer.
const UNFOLLOWED = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Never follows a link: for root the folder belongs to the user of PostgreSQL. */
function setMode(path: string, mode: number): void {
  let file: number;
  try {
    file = openSync(path, UNFOLLOWED);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENXIO: a socket. EACCES: its owner, who is us, has no permission to read it.
    if (code === 'ENXIO' || code === 'EACCES') chmodSync(path, mode);
    else if (code !== 'ENOENT' && code !== 'ELOOP') throw error;
    return;
  }
  try {
    fchmodSync(file, mode);
  } finally {
    closeSync(file);
  }
}

function isOurs({ uid }: Stats): boolean {
  const user = process.getuid?.();
  return user === 0 || user === uid;
}

/** The names in a folder; none where it may not be read: it belongs to another user. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM' || code === 'ENOENT') return [];
    throw error;
  }
}
