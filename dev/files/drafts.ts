import { randomBytes } from 'node:crypto';
import { link, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from './process.ts';

// Files and folders are drafts until they are complete, and then get their name. A killed start
// leaves drafts, which the next start removes.

// initdb takes a second: a draft of this age has no owner, even if another process has its pid.
const LEFTOVER_AGE_MS = 10 * 60_000;

export function freshName(target: string): string {
  return `${target}.new-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** Removes drafts, except young ones of a live process: a parallel start may be writing them. */
export async function removeLeftovers(folder: string, name: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(`${name}.new-`)) continue;
    const path = join(folder, entry);
    const pid = Number(entry.slice(`${name}.new-`.length).split('-')[0]);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    if (isAlive(pid) && Date.now() - found.mtimeMs < LEFTOVER_AGE_MS) continue;
    // An orphaned initdb may still write there; then a later start removes it.
    await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  }
}

/**
 * Makes a private file with its whole content or not at all, unless it exists: unlike a rename,
 * `link` never replaces the file of a parallel start.
 * @param finish changes the draft before it gets its name
 */
export async function createOnce(
  file: string,
  content: string,
  finish = async (_draft: string): Promise<void> => {},
): Promise<void> {
  const draft = freshName(file);
  try {
    await writeFile(draft, content, { mode: 0o600, flush: true });
    await finish(draft);
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Gives a folder its name, unless a parallel start was faster. */
export async function renameUnlessPresent(fresh: string, target: string): Promise<void> {
  try {
    await rename(fresh, target);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    // Windows answers EPERM where Unix answers ENOTEMPTY or EEXIST.
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(code)) throw error;
    if (!(await stat(target).catch(() => undefined))) throw error;
  }
}
