import { readFileSync, readlinkSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Content of `postmaster.pid` in the data folder of a server. */
export interface PidFile {
  pid: number;
  port: number;
  text: string;
}

/** @returns undefined when there is no such file, or it is incomplete */
export function readPidFile(data: string): PidFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(data, 'postmaster.pid'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  // Lines: pid, data folder, start time, port, and more.
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  return pid > 0 && port > 0 ? { pid, port, text } : undefined;
}

/** Removes a stale pid file, unless a parallel start has replaced it since. */
export function removePidFile(data: string, stale: PidFile): void {
  // Synchronous, so that no other code of ours runs between the two steps.
  if (readPidFile(data)?.text === stale.text) unlinkSync(join(data, 'postmaster.pid'));
}

/** False also for a zombie: containers often do not reap orphans. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is alive and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const stat = readProc(pid, 'stat');
  // `pid (name) state …`, where the name may hold spaces and parentheses.
  return stat === undefined || stat[stat.lastIndexOf(')') + 2] !== 'Z';
}

/**
 * Whether a process is the PostgreSQL server of a data folder.
 * @returns `unknown` where there is no /proc or it hides the process
 */
export function identify(pid: number, data: string): 'ours' | 'foreign' | 'unknown' {
  const command = readProc(pid, 'cmdline')?.split('\0');
  if (command === undefined) return 'unknown';
  if (!basename(command[0] ?? '').startsWith('postgres')) return 'foreign';
  // The working folder of a server is its data folder, also after the checkout was moved.
  return command.includes(data) || workingFolder(pid) === data ? 'ours' : 'foreign';
}

function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function readProc(pid: number, name: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}
