import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder } from '#platform/values/program.ts';

const URL_DEFAULT = 'http://127.0.0.1:8080';

/** Without `--url`: ORDERBELL_URL, else the system running in the data folder, else port 8080. */
export function defaultUrl(env: NodeJS.ProcessEnv = process.env): string {
  return env.ORDERBELL_URL?.trim() || (runningUrl(dataFolder(env)) ?? URL_DEFAULT);
}

/**
 * Reads the address that `npm start` noted in a data folder.
 * @returns null without a note, for a damaged one, and if the process that wrote it has ended
 */
export function runningUrl(home: string): string | null {
  try {
    const note = JSON.parse(readFileSync(join(home, 'running.json'), 'utf8')) as {
      url?: unknown;
      pid?: unknown;
    } | null;
    const { url, pid } = note ?? {};
    if (typeof url !== 'string' || !/^https?:\/\//.test(url) || !URL.canParse(url)) return null;
    if (!Number.isSafeInteger(pid) || (pid as number) < 1 || !isAlive(pid as number)) return null;
    return url.replace(/\/+$/, '');
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process exists, but belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
