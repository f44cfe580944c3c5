import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const URL_DEFAULT = 'http://127.0.0.1:8080';

/** The data folder of `npm start`. */
export function homeFolder(env: NodeJS.ProcessEnv = process.env): string {
  const checkout = join(import.meta.dirname, '..', '..', '.orderbell');
  return resolve(env.ORDERBELL_HOME?.trim() || checkout);
}

/** Where the system is when nothing is said: ORDERBELL_URL, else the one that runs, else 8080. */
export function defaultUrl(env: NodeJS.ProcessEnv = process.env): string {
  return env.ORDERBELL_URL?.trim() || (runningUrl(homeFolder(env)) ?? URL_DEFAULT);
}

/**
 * The address of the system that runs with a data folder, as `npm start` notes it there.
 * @returns null where there is no such note, it is damaged, or the process that wrote it is gone
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
    // Of another user: it may not be asked, but it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
