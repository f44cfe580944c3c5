import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, realpathSync, statSync, truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { sqlState } from '#platform/database.ts';
import type { Place } from './postgres-place.ts';
import { serverProcess } from './postgres-place.ts';
import { identify, isAlive, readPidFile, removePidFile } from './postgres-process.ts';

/** A server that answers, with an open connection of the superuser to database `postgres`. */
export interface Server {
  pid: number;
  port: number;
  client: pg.Client;
}

/** What a look at the data folder finds. `busy`: the server is starting up or shutting down. */
type Sighting =
  | ({ state: 'ready' } & Server)
  | { state: 'busy'; pid: number }
  | { state: 'absent' };

const CONNECT_TIMEOUT_MS = 2_000;
const POLL_MS = 20;

// Crash recovery of a busy system takes seconds; past this a person should look at the log.
const READY_TIMEOUT_MS = 30_000;

// Covers a port taken between our choice and the server's, and backends of a killed server that
// have not noticed yet. Doubling from 100 ms that is 1.5 s, then the cause is something else.
const LAUNCH_ATTEMPTS = 5;
const LAUNCH_DELAY_MS = 100;

// `npm start` promises an exit within 10 s: fast shutdown, then the immediate one.
const FAST_SHUTDOWN_MS = 5_000;
const IMMEDIATE_SHUTDOWN_MS = 2_000;

const LOG_BYTES_MAX = 10 * 1024 * 1024;
const LOG_LINES_SHOWN = 15;

/** URL of a database on the embedded server, whatever PGSSLMODE says about others. */
export function serverUrl(port: number, user: string, password: string, database: string): string {
  return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}?sslmode=disable`;
}

/** Connects as superuser. An error on the idle connection reaches the caller as its `end`. */
export async function connect(port: number, password: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: serverUrl(port, 'postgres', password, 'postgres'),
    application_name: 'orderbell start',
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
}

/**
 * Finds the running server of a data folder, or starts one and waits until it answers.
 * @throws Error with the server's last log lines when it does not start; the signal's reason
 */
export async function bringUp(place: Place, options: BringUpOptions): Promise<Server> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  let launched: Launch | undefined;
  let failures = 0;
  try {
    while (true) {
      options.signal.throwIfAborted();
      const seen = await look(place, options.password);
      if (seen.state === 'ready') return seen;
      if (Date.now() > deadline) {
        throw new Error(
          `PostgreSQL did not answer in ${READY_TIMEOUT_MS} ms, see ${place.logFile}`,
        );
      }
      if (launched && hasExited(launched.child)) {
        failures += 1;
        if (failures === LAUNCH_ATTEMPTS) throw launchFailed(place, launched);
        await delay(LAUNCH_DELAY_MS * 2 ** (failures - 1));
        launched = undefined;
      } else if (!launched && seen.state === 'absent') {
        launched = launch(place, options.port ?? (await freePort()), options.settings);
      } else {
        await delay(POLL_MS);
      }
    }
  } catch (error) {
    // A start that failed leaves nothing running.
    if (launched && !hasExited(launched.child)) launched.child.kill('SIGINT');
    throw error;
  }
}

/** Never trusts the pid file alone: the server must know our password and name our folder. */
async function look(place: Place, password: string): Promise<Sighting> {
  const recorded = readPidFile(place.data);
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
  if (identity === 'ours') {
    if (sqlState(fault) !== '28P01') return { state: 'busy', pid };
    throw new Error(`the password in ${place.passwordFile} is not that of the data`, {
      cause: fault,
    });
  }
  // After a restart of the container the pid can be anybody's. PostgreSQL would then refuse to
  // start. Without /proc it must decide itself.
  if (identity === 'foreign') removePidFile(place.data, recorded);
  // 57P03: it starts up or shuts down.
  if (identity === 'unknown' && sqlState(fault) === '57P03') return { state: 'busy', pid };
  return { state: 'absent' };
}

function isSameFolder(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

interface Launch {
  child: ChildProcess;
  /** Size of the log before the launch: what comes after is about this launch. */
  logStart: number;
  error?: Error;
}

function launch(place: Place, port: number, settings: Record<string, string>): Launch {
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // A socket's path is limited to about 100 characters, a checkout's is not.
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // An error is told to its client, who logs it; statements have customers' data.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(place.logFile, 'a', 0o600);
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
function hasExited(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function launchFailed(place: Place, { error, logStart }: Launch): Error {
  const said = readFileSync(place.logFile).subarray(logStart).toString().trim();
  const lines = said.split('\n').slice(-LOG_LINES_SHOWN).join('\n');
  return new Error(`PostgreSQL does not start:\n${lines}`, { cause: error });
}

async function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
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
