import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import { DamagedFileError, whyUnreadable } from '../files/kept-file.ts';
import { serverProcess } from './cluster.ts';
import type { Place } from './cluster-directory.ts';

const LOG_BYTES_MAX = 10 * 1024 * 1024;

// What passes by itself: a port taken between our choice and the server's; processes of a killed
// server that have not noticed yet; a server without its pid file, which ends within a minute.
const PASSES =
  /shared memory block|could not bind|could not create any TCP|lock file ".*" already exists/;

/** One try to start a server. */
export interface Launch {
  child: ChildProcess;
  /** Size of the log before the launch: what comes after is about this launch. */
  logStart: number;
  error?: Error;
}

export function launch(place: Place, port: number, settings: Record<string, string>): Launch {
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // A socket's path is limited to about 100 characters, a checkout's is not.
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // The client gets the error and logs it; statements contain customers' data.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openLog(place.logFile);
  try {
    let logStart = statSync(place.logFile).size;
    if (logStart > LOG_BYTES_MAX) {
      truncateSync(place.logFile);
      logStart = 0;
    }
    const child = spawn(place.binaries.postgres, ['-D', place.data, ...args], {
      ...serverProcess(place),
      // Its own session: Ctrl-C in the terminal must not stop it under our services.
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

/** True also when it could not be spawned at all. */
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

/** Whether a later try can have another end. */
export const passes = (why: string): boolean => PASSES.test(why);

/** Why a launched server has ended: the last fault in its log, on one line. */
export function reasonOf(place: Place, { error, logStart }: Launch): string {
  if (error !== undefined) return error.message;
  const said = readFileSync(place.logFile).subarray(logStart).toString().trim().split('\n');
  const fault = said.findLast((line) => /\b(FATAL|PANIC|ERROR): /.test(line)) ?? said.at(-1);
  return fault?.replace(/^.*?\b(FATAL|PANIC|ERROR): +/, '') || 'it says nothing';
}

export function launchFailed(place: Place, why: string): Error {
  const remedy = /lock file/.test(why)
    ? `when no PostgreSQL runs on ${place.data}, delete postmaster.pid there`
    : `if ${place.data} is damaged, restore the folder from a backup, or move it away to begin ` +
      'with empty data';
  return new Error(`PostgreSQL does not start: ${why}. See ${place.logFile}; ${remedy}`);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
