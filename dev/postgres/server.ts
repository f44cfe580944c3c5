import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { describeError } from '#platform/errors.ts';
import { sqlState } from '#platform/postgres/database.ts';
import { DamagedFileError, whyUnreadable } from '../files/kept-file.ts';
import { identify, isAlive, type PidFile, readPidFile, removePidFile } from '../files/process.ts';
import { serverProcess } from './cluster.ts';
import type { Place } from './cluster-directory.ts';
import {
  freePort,
  hasExited,
  type Launch,
  launch,
  launchFailed,
  passes,
  reasonOf,
} from './launch.ts';

/** A server that answers, with an open connection of the superuser to database `postgres`. */
export interface Server {
  pid: number;
  port: number;
  client: pg.Client;
}

/** What a look at the data folder finds. `busy`: the server is starting up or shutting down. */
type ServerStatus =
  | ({ state: 'ready' } & Server)
  | { state: 'busy'; pid: number; why: string }
  | { state: 'absent' };

// A try that fails is repeated, so this only says how soon.
const CONNECT_TIMEOUT_MS = 2_000;
const POLL_MS = 20;

// Crash recovery of a busy system takes seconds, on a slow disk a minute; past this a person
// should look at the log.
const READY_TIMEOUT_MS = 120_000;

const LAUNCH_ATTEMPTS = 3;
const LAUNCH_DELAY_MS = 100;
const LAUNCH_DELAY_MAX_MS = 2_000;

// `npm start` promises an exit within 10 s: fast shutdown, then the immediate one.
const FAST_SHUTDOWN_MS = 5_000;
const IMMEDIATE_SHUTDOWN_MS = 2_000;

/** URL of a database on the embedded server, whatever PGSSLMODE says about others. */
export function serverUrl(port: number, user: string, password: string, database: string): string {
  return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}?sslmode=disable`;
}

/** Before the id of the process, in the name of each connection of a start. */
export const OWNER_NAME = 'orderbell start ';

/** Connects as superuser. An error on the idle connection reaches the caller as its `end`. */
export async function connect(port: number, password: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: serverUrl(port, 'postgres', password, 'postgres'),
    // Tells other starts whose connection it is (postgres.ts).
    application_name: `${OWNER_NAME}${process.pid}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  // Without a listener the connection's loss would end the process.
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
  /** Gets the reason while a server does not answer yet. */
  onWait?: (why: string) => void;
}

/**
 * Finds the running server of a data folder, or starts one and waits until it answers.
 * @throws Error with the server's last log lines when it does not start; the signal's reason
 */
export async function bringUp(place: Place, options: BringUpOptions): Promise<Server> {
  const { onWait = () => {}, signal } = options;
  const deadline = Date.now() + READY_TIMEOUT_MS;
  let launched: Launch | undefined;
  let failures = 0;
  let why = '';
  try {
    while (true) {
      signal.throwIfAborted();
      const seen = await look(place, options.password);
      if (seen.state === 'ready') return seen;
      if (seen.state === 'busy') why = seen.why;
      onWait(why);
      if (Date.now() > deadline) throw notReady(place, why);
      if (launched && hasExited(launched.child)) {
        why = reasonOf(place, launched);
        failures += 1;
        if (failures >= LAUNCH_ATTEMPTS && !passes(why)) throw launchFailed(place, why);
        await delay(Math.min(LAUNCH_DELAY_MS * 2 ** (failures - 1), LAUNCH_DELAY_MAX_MS));
        launched = undefined;
      } else if (!launched && seen.state === 'absent') {
        launched = launch(place, options.port ?? (await freePort()), options.settings);
      } else {
        await delay(POLL_MS);
      }
    }
  } catch (error) {
    endLaunched(launched);
    throw error;
  }
}

function notReady({ logFile }: Place, why: string): Error {
  const seconds = READY_TIMEOUT_MS / 1000;
  return new Error(`PostgreSQL did not answer in ${seconds} s (${why}), see ${logFile}`);
}

/** A start that failed leaves nothing running. */
function endLaunched(launched: Launch | undefined): void {
  if (launched && !hasExited(launched.child)) launched.child.kill('SIGINT');
}

/** Never trusts the pid file alone: the server must know our password and name our folder. */
async function look(place: Place, password: string): Promise<ServerStatus> {
  const recorded = pidFileOf(place);
  if (recorded === undefined || !isAlive(recorded.pid)) return { state: 'absent' };
  const { pid, port } = recorded;
  const identity = identify(pid, place.data);
  let client: pg.Client | undefined;
  let fault: unknown;
  try {
    client = await connect(port, password);
    const { rows } = await client.query<{ folder: string }>(
      "select current_setting('data_directory') as folder",
    );
    if (identity === 'ours' || isSameFolder(rows[0]?.folder ?? '', place.data)) {
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
    if (state !== '28P01') throw launchFailed(place, why);
    throw new Error(
      `the password in ${place.passwordFile} is not that of PostgreSQL's data: restore it from a ` +
        'backup; without one, see "Damaged files" in docs/reference/starting.md',
    );
  }
  // After a restart of the container the pid can be anybody's. PostgreSQL would then refuse to
  // start. Without /proc it must decide itself.
  if (identity === 'foreign') removePidFile(place.data, recorded);
  // 57P03: it starts up or shuts down.
  if (identity === 'unknown' && state === '57P03') return { state: 'busy', pid, why };
  return { state: 'absent' };
}

function pidFileOf(place: Place): PidFile | undefined {
  try {
    return readPidFile(place.data);
  } catch (error) {
    const file = {
      path: join(place.data, 'postmaster.pid'),
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
 * Fast shutdown of the server of a data folder, the immediate one (as after a crash, nothing
 * committed is lost) when that takes too long. Returns when the process is gone.
 * @throws Error when it outlives both
 */
export async function shutDown(place: Place, password: string): Promise<void> {
  const seen = await look(place, password);
  if (seen.state === 'absent') return;
  if (seen.state === 'ready') await seen.client.end();
  if (process.platform === 'win32') {
    // Windows has no signals: SIGINT would kill at once.
    const args = ['stop', '-D', place.data, '-m', 'fast', '-w'];
    await promisify(execFile)(place.binaries.pg_ctl, args, serverProcess(place));
    return;
  }
  const stages = [
    { signal: 'SIGINT', timeoutMs: FAST_SHUTDOWN_MS },
    { signal: 'SIGQUIT', timeoutMs: IMMEDIATE_SHUTDOWN_MS },
  ] as const;
  for (const { signal, timeoutMs } of stages) {
    sendSignal(seen.pid, signal);
    const deadline = Date.now() + timeoutMs;
    while (isAlive(seen.pid)) {
      if (Date.now() > deadline) break;
      await delay(POLL_MS);
    }
    if (!isAlive(seen.pid)) return;
  }
  throw new Error(`PostgreSQL (pid ${seen.pid}) does not stop`);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It went by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
