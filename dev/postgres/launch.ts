import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { DamagedFileError, whyUnreadable } from '../files/kept-file.ts';
import { serverProcess } from './cluster.ts';
import type { ClusterDirectory } from './cluster-directory.ts';

const LOG_BYTES_MAX = 10 * 1024 * 1024;

// Temporary faults: another process took the chosen port; processes of a killed server are still
// exiting; a server without its pid file exits within a minute.
const TEMPORARY =
  /shared memory block|could not bind|could not create any TCP|lock file ".*" already exists/;

export interface Launch {
  child: ChildProcess;
  /** Size of the log before this launch. */
  logStart: number;
  error?: Error;
}

export function launch(
  cluster: ClusterDirectory,
  port: number,
  settings: Record<string, string>,
): Launch {
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // The path of a socket is limited to about 100 characters; a checkout's path may be longer.
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Clients log the errors. Statements in the server's log would contain customers' data.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openLog(cluster.logFile);
  try {
    let logStart = statSync(cluster.logFile).size;
    if (logStart > LOG_BYTES_MAX) {
      truncateSync(cluster.logFile);
      logStart = 0;
    }
    const child = spawn(cluster.binaries.postgres, ['-D', cluster.data, ...args], {
      ...serverProcess(cluster),
      // A session of its own: Ctrl-C in the terminal must not stop it before our services.
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log, log],
    });
    child.unref();
    const launched: Launch = { child, logStart };
    child.on('error', (error) => {
      launched.error = error;
    });
    return launched;
  } finally {
    closeSync(log);
  }
}

/** True also when it could not be spawned. */
export function hasExited(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function openLog(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    const purpose = 'PostgreSQL writes its log there.';
    const file = { path, purpose, remedy: 'Move it away.' };
    throw new DamagedFileError(file, whyUnreadable(error));
  }
}

export const isTemporary = (why: string): boolean => TEMPORARY.test(why);

/** Why a launched server has exited: the last fault in its log, on one line. */
export function reasonOf(cluster: ClusterDirectory, { error, logStart }: Launch): string {
  if (error !== undefined) return error.message;
  const said = readFileSync(cluster.logFile).subarray(logStart).toString().trim().split('\n');
  const fault = said.findLast((line) => /\b(FATAL|PANIC|ERROR): /.test(line)) ?? said.at(-1);
  return fault?.replace(/^.*?\b(FATAL|PANIC|ERROR): +/, '') || 'it says nothing';
}

export function launchFailed(cluster: ClusterDirectory, why: string): Error {
  const remedy = /lock file/.test(why)
    ? `when no PostgreSQL runs on ${cluster.data}, delete postmaster.pid there`
    : `if ${cluster.data} is damaged, restore the folder from a backup, or move it away to begin ` +
      'with empty data';
  return new Error(`PostgreSQL does not start: ${why}. See ${cluster.logFile}; ${remedy}`);
}
