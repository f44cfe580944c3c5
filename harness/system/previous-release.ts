import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

/** Folders and files that a production process of a release needs. */
const PARTS = ['contracts', 'platform', 'services', 'package.json', 'package-lock.json'];

/** The previous release is not in this clone, or its packages are out of reach. */
export class ReleaseUnavailableError extends Error {}

/** For `test` options: why tests that need the previous release are skipped, or false. */
export const skipWithoutPreviousRelease =
  process.env.TEST_PREVIOUS_RELEASE === undefined ? 'there is no previous release' : false;

/** @throws Error where tests were not skipped in spite of `skipWithoutPreviousRelease` */
export function testPreviousRelease(): string {
  const folder = process.env.TEST_PREVIOUS_RELEASE;
  if (folder === undefined) throw new Error('there is no previous release');
  return folder;
}

/** The commit of the newest release that CHANGELOG.md names. @throws Error when it names none */
export async function previousReleaseCommit(): Promise<string> {
  const changelog = await readFile(join(ROOT, 'CHANGELOG.md'), 'utf8');
  const commit = /^## \[\d[^\n]*\n\nCommit `([0-9a-f]{7,40})`/m.exec(changelog)?.[1];
  if (commit === undefined) throw new Error('CHANGELOG.md names no commit of a release');
  return commit;
}

/** The text of a file in the previous release; null where that has no such file. */
export async function readReleased(path: string): Promise<string | null> {
  const commit = await previousReleaseCommit();
  try {
    return (await run('git', ['show', `${commit}:${path}`], { cwd: ROOT })).stdout;
  } catch {
    return null;
  }
}

/** Paths of all files below a folder in the previous release. @throws Error without its commit */
export async function listReleased(folder: string): Promise<string[]> {
  const commit = await previousReleaseCommit();
  const args = ['ls-tree', '-r', '--name-only', commit, '--', folder];
  return (await run('git', args, { cwd: ROOT })).stdout.split('\n').filter(Boolean);
}

/**
 * Installs the previous release once, as a production does.
 * @param releases a folder that outlives the run
 * @returns the folder of the release
 * @throws ReleaseUnavailableError
 */
export async function installPreviousRelease(releases: string): Promise<string> {
  const commit = await previousReleaseCommit();
  const folder = join(releases, commit);
  if (existsSync(folder)) return folder;
  await mkdir(releases, { recursive: true });
  const building = await mkdtemp(join(releases, 'building-'));
  try {
    const archive = join(building, 'release.tar');
    await run('git', ['archive', `--output=${archive}`, commit, ...PARTS], { cwd: ROOT });
    await run('tar', ['-xf', archive, '-C', building]);
    await rm(archive);
    const omit = ['--omit=dev', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', ['ci', ...omit], { cwd: building });
    // A whole folder or none: another run may install it at the same time.
    await rename(building, folder);
  } catch (cause) {
    if (existsSync(folder)) return folder;
    const message = `Commit ${commit} could not be installed: ${(cause as Error).message}`;
    throw new ReleaseUnavailableError(message, { cause });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return folder;
}
