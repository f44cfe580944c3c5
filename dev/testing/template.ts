import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freshName, removeLeftovers, renameUnlessPresent } from '../files/drafts.ts';
import type { ClusterDirectory } from '../postgres/cluster-directory.ts';
import type { Secrets } from '../system/secrets.ts';
import { SHIFTED_CLOCK_SQL } from './shifted-databases.ts';

// A system's data as its first start leaves it. Later starts copy it: making it takes seconds.

export interface Template {
  folder: string;
  secrets: Secrets;
}

const ROOT = join(import.meta.dirname, '..', '..');
/** What a first start writes depends on these files. */
const SOURCES = ['package.json', '{platform,services}/**/*.sql'];
const PARTS = ['postgres', 'postgres-password'];
const SECRETS = 'secrets.json';
// Several versions may be in use at a time; 100 MB each.
const UNUSED_MS = 14 * 24 * 3_600_000;

/** Where the data of this version of the code are or will be. */
export async function templateFolder(cache: string): Promise<string> {
  const hash = createHash('sha256').update(SHIFTED_CLOCK_SQL);
  for (const file of SOURCES.flatMap((glob) => globSync(glob, { cwd: ROOT }).sort())) {
    hash.update(file).update(await readFile(join(ROOT, file)));
  }
  return join(cache, `data-${hash.digest('hex').slice(0, 16)}`);
}

export async function findTemplate(folder: string): Promise<Template | undefined> {
  const text = await readFile(join(folder, SECRETS), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const now = new Date();
  await utimes(folder, now, now).catch(() => {});
  return { folder, secrets: JSON.parse(text) as Secrets };
}

/** Keeps the data of a stopped system. A parallel start may be faster, and keeps its own then. */
export async function keepTemplate(
  folder: string,
  cluster: ClusterDirectory,
  secrets: Secrets,
): Promise<void> {
  const cache = join(folder, '..');
  await mkdir(cache, { recursive: true, mode: 0o700 });
  for (const name of await readdir(cache)) {
    if (!name.startsWith('data-')) continue;
    await removeLeftovers(cache, name.split('.')[0] as string);
    const path = join(cache, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || Date.now() - found.mtimeMs < UNUSED_MS) continue;
    await rm(path, { recursive: true, force: true });
  }
  const fresh = freshName(folder);
  try {
    await mkdir(fresh, { mode: 0o700 });
    await copyData(cluster.folder, fresh);
    await writeFile(join(fresh, SECRETS), JSON.stringify(secrets), { mode: 0o600 });
    await renameUnlessPresent(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Copies the data with their owners: those of root belong to another user. */
export async function copyData(from: string, to: string): Promise<void> {
  for (const part of PARTS) {
    const [source, target] = [join(from, part), join(to, part)];
    if (process.platform === 'win32') await cp(source, target, { recursive: true });
    // In a third of the time that Node takes for thousands of small files.
    else await promisify(execFile)('cp', ['-a', source, target]);
  }
}
