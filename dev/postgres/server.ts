import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { backoffMs, pause } from '#platform/async/backoff.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { describeError } from '#platform/errors.ts';
import { sqlState } from '#platform/postgres/errors.ts';
import { freePort } from '../files/free-port.ts';
import { DAMAGED_FILES, DamagedFileError, whyUnreadable } from '../files/kept-file.ts';
import { identify, isAlive, type PidFile, readPidFile, removePidFile } from '../files/process.ts';
import { serverProcess } from './cluster.ts';
import type { ClusterDirectory } from './cluster-directory.ts';
import { hasExited, isTemporary, type Launch, launch, launchFailed, reasonOf } from './launch.ts';

/** A server that answers, with an open connection of the superuser to database `postgres`. */
export interface Server {
  pid: number;
  port: number;
  client: pg.Client;
}

/** State of a data folder's server. `busy`: it is starting up or shutting down. */
type ServerStatus =
  | ({ state: 'ready' } & Server)
  | { state: 'busy'; pid: number; why: string }
  | { state: 'absent' };

// A failed attempt is retried, so this only sets how soon.
const CONNECT_TIMEOUT_MS = 2_000;
const POLL_MS = 20;

// Crash recovery of a busy system takes seconds, on a slow disk a minute. After this time a person
// should read the log.
const READY_TIMEOUT_MS = 120_000;

const LAUNCH_ATTEMPTS = 3;
const LAUNCH_BACKOFF = { firstMs: 100, maxMs: 2_000 };

// `npm start` promises an exit within 10 s: a fast shutdown, then an immediate one.
const FAST_SHUTDOWN_MS = 5_000;
const IMMEDIATE_SHUTDOWN_MS = 2_000;

/** URL of a database on the embedded server, without TLS even if PGSSLMODE asks for it. */
export function serverUrl(port: number, user: string, password: string, database: string): string {
  return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}?sslmode=disable`;
}

/** Prefix of the process id in the name of a start's connections. */
export const OWNER_NAME = 'orderbell start ';

/** Connects as superuser. An error on the idle connection reaches the caller as its `end`. */
export async function connect(port: number, password: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: serverUrl(port, 'postgres', password, 'postgres'),
    // Shows other starts who owns the connection (postgres.ts).
    application_name: `${OWNER_NAME}${process.pid}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  // Without a listener the loss of the connection ends the process.
  client.on('error', () => {});
  await client.connect();
  return client;
}

interface BringUpOptions {
  password: string;
  settings: Record<string, string>;
  /** Port for a new server; a free one when absent. */
  port?: number;
  signal: AbortSignal;
  /** Gets the reason while the server does not answer yet. */
  onWait?: (why: string) => void;
}

/**
 * Finds the running server of a data folder, or starts one and waits until it answers.
 * @throws Error with the server's last log lines when it does not start; the signal's reason
 */
export async function bringUp(cluster: ClusterDirectory, options: BringUpOptions): Promise<Server> {
  const { onWait = () => {}, signal } = options;
  const deadline = deadlineIn(READY_TIMEOUT_MS);
  let launched: Launch | undefined;
  let failures = 0;
  let why = '';
  try {
    while (true) {
      signal.throwIfAborted();
      const seen = await findStatus(cluster, options.password);
      if (seen.state === 'ready') return seen;
      if (seen.state === 'busy') why = seen.why;
      onWait(why);
      if (deadline.remainingMs() === 0) throw notReady(cluster, why);
      if (launched && hasExited(launched.child)) {
        why = reasonOf(cluster, launched);
        failures += 1;
        if (failures >= LAUNCH_ATTEMPTS && !isTemporary(why)) throw launchFailed(cluster, why);
        await pause(backoffMs(failures, LAUNCH_BACKOFF));
        launched = undefined;
      } else if (!launched && seen.state === 'absent') {
        launched = launch(cluster, options.port ?? (await freePort()), options.settings);
      } else {
        await pause(POLL_MS);
      }
    }
  } catch (error) {
    endLaunched(launched);
    throw error;
  }
}

function notReady({ logFile }: ClusterDirectory, why: string): Error {
  const seconds = READY_TIMEOUT_MS / 1000;
  return new Error(`PostgreSQL did not answer in ${seconds} s (${why}), see ${logFile}`);
}

/** A failed start leaves no server running. */
function endLaunched(launched: Launch | undefined): void {
  if (launched && !hasExited(launched.child)) launched.child.kill('SIGINT');
}

/** Never trusts the pid file alone: the server must accept our password and serve our folder. */
async function findStatus(cluster: ClusterDirectory, password: string): Promise<ServerStatus> {
  const recorded = pidFileOf(cluster);
  if (recorded === undefined || !isAlive(recorded.pid)) return { state: 'absent' };
  const { pid, port } = recorded;
  const identity = identify(pid, cluster.data);
  let client: pg.Client | undefined;
  let fault: unknown;
  try {
    client = await connect(port, password);
    const { rows } = await client.query<{ folder: string }>(
      "select current_setting('data_directory') as folder",
    );
    if (identity === 'ours' || isSameFolder(rows[0]?.folder ?? '', cluster.data)) {
      return { state: 'ready', pid, port, client };
    }
  } catch (error) {
    fault = error;
  }
  await client?.end();
  const state = sqlState(fault);
  const why = fault === undefined ? 'it serves another folder' : describeError(fault);
  if (identity === 'ours') {
    // 08, 53, 57: connection, resources, starting up or shutting down. Without one: a time-out.
    if (state === undefined || /^(08|53|57)/.test(state)) return { state: 'busy', pid, why };
    if (state !== '28P01') throw launchFailed(cluster, why);
    throw new Error(
      `the password in ${cluster.passwordFile} is not that of PostgreSQL's data: restore it from a ` +
        `backup; without one, see ${DAMAGED_FILES}`,
    );
  }
  // After a restart of the container another process may have this pid, and PostgreSQL refuses to
  // start. Without /proc we cannot identify it, and leave the decision to PostgreSQL.
  if (identity === 'foreign') removePidFile(cluster.data, recorded);
  // 57P03: it is starting up or shutting down.
  if (identity === 'unknown' && state === '57P03') return { state: 'busy', pid, why };
  return { state: 'absent' };
}

function pidFileOf(cluster: ClusterDirectory): PidFile | undefined {
  try {
    return readPidFile(cluster.data);
  } catch (error) {
    const file = {
      path: join(cluster.data, 'postmaster.pid'),
      purpose: 'PostgreSQL writes there which process serves the data.',
      remedy: 'When no PostgreSQL runs on this folder, delete it.',
    };
    throw new DamagedFileError(file, whyUnreadable(error));
  }
}

function isSameFolder(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

/**
 * Shuts down the server of a data folder: a fast shutdown, then an immediate one, which loses no
 * committed data either. Returns when the process has exited.
 * @throws Error when it survives both
 */
export async function shutDown(
  cluster: ClusterDirectory,
  password: string,
  fastMs = FAST_SHUTDOWN_MS,
): Promise<void> {
  const seen = await findStatus(cluster, password);
  if (seen.state === 'absent') return;
  if (seen.state === 'ready') await seen.client.end();
  if (process.platform === 'win32') {
    // Windows has no signals: SIGINT would kill at once.
    const args = ['stop', '-D', cluster.data, '-m', 'fast', '-w'];
    await promisify(execFile)(cluster.binaries.pg_ctl, args, serverProcess(cluster));
    return;
  }
  const stages = [
    { signal: 'SIGINT', timeoutMs: fastMs },
    { signal: 'SIGQUIT', timeoutMs: IMMEDIATE_SHUTDOWN_MS },
  ] as const;
  for (const { signal, timeoutMs } of stages) {
    sendSignal(seen.pid, signal);
    const deadline = deadlineIn(timeoutMs);
    while (isAlive(seen.pid) && deadline.remainingMs() > 0) await pause(POLL_MS);
    if (!isAlive(seen.pid)) return;
  }
  throw new Error(`PostgreSQL (pid ${seen.pid}) does not stop`);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has exited in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
