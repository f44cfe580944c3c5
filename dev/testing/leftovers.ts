import { accessSync, constants, statfsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '#platform/async/backoff.ts';
import { identify, isAlive, readPidFile } from '../files/process.ts';
import { findClusterDirectory } from '../postgres/cluster-directory.ts';

const PREFIX = 'orderbell-testing-';
const POLL_MS = 20;
// A system needs 150 MB; a test that runs several needs more.
const MEMORY = '/dev/shm';
const MEMORY_BYTES = 1024 ** 3;

/**
 * In memory where there is enough: a start makes two thousand files, and a busy disk takes seconds for
 * them. A TMPDIR that was given is used.
 */
function scratchFolder(): string {
  if (process.env.TMPDIR) return tmpdir();
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    accessSync(MEMORY, constants.W_OK);
    return bavail * bsize >= MEMORY_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** A folder for one system, whose name has the id of its process. */
export async function createHome(): Promise<string> {
  const home = await mkdtemp(join(scratchFolder(), `${PREFIX}${process.pid}-`));
  // For root the database runs as another user, who must be able to enter.
  await chmod(home, 0o755);
  return home;
}

/** Removes a system's folder, and the one of its database where root has it elsewhere. */
export async function removeHome(home: string, databaseFolder: string): Promise<void> {
  for (const folder of new Set([home, databaseFolder])) {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Removes what processes have left that were killed: folders, and their database servers. */
export async function removeOrphans(): Promise<void> {
  for (const folder of new Set([scratchFolder(), tmpdir()])) {
    for (const name of await readdir(folder)) {
      const [, pid] = /^orderbell-testing-(\d+)-/.exec(name) ?? [];
      if (pid === undefined || isAlive(Number(pid))) continue;
      await removeOrphan(join(folder, name)).catch(() => {
        // Another user's, or a parallel start is removing it.
      });
    }
  }
}

async function removeOrphan(home: string): Promise<void> {
  const cluster = await findClusterDirectory(home, () => {});
  const server = readPidFile(cluster.data)?.pid;
  if (server !== undefined && isAlive(server) && identify(server, cluster.data) === 'ours') {
    process.kill(server, 'SIGQUIT');
    while (isAlive(server)) await pause(POLL_MS);
  }
  await removeHome(home, cluster.folder);
}
