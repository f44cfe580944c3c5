import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from './process.ts';

// Files and folders get their name when they are complete. Until then they are drafts, which a
// start that was killed leaves and the next one removes.

// initdb takes a second; a leftover this old has no owner, also where another process has its pid now.
const LEFTOVER_AGE_MS = 10 * 60_000;

export function freshName(target: string): string {
  return `${target}.new-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** A parallel start may still write to a fresh folder: its process lives and it is young. */
export async function removeLeftovers(folder: string, name: string): Promise<void> {
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
