import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Environment } from '#platform/config/load-config.ts';
import type { RunningService } from '#platform/service/internal-service.ts';
import { IS_PACKAGE, PROGRAM_FOLDER } from '#platform/values/program.ts';

/** How a process ended: one of both is null. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ServiceProcess extends RunningService {
  pid: number;
  /** Resolves when the process has ended, normally or not. */
  exited: Promise<Exit>;
  /** Sends a signal and does not wait; after a deadly one any end is fine with `close`. */
  kill(signal: NodeJS.Signals): void;
  /**
   * Sends SIGTERM and waits for the end.
   * @throws Error when the process had ended by itself, ends with another code than 0, or had to
   *   be killed because it did not end in time
   */
  close(): Promise<void>;
}

export interface ServiceProcessOptions {
  /** Called with each line that the process prints. */
  onLine?: (line: string) => void;
  /** How long `close` waits (default 30 s). */
  stopTimeoutMs?: number;
  /** Modules that it loads before anything else, for tests that make its context worse. */
  imports?: string[];
  /** The folder of the version that runs; this one when absent. */
  root?: string;
}

// A service ends by itself 10 s after a signal and says why (platform/service/run.ts). Much longer,
// since a busy machine may deliver the signal late.
const STOP_TIMEOUT_MS = 30_000;
// A start takes under a second, and waits for a database that is not there for a minute.
const START_TIMEOUT_MS = 120_000;
// Of what a process prints, for the message about its early end: enough for a list of settings or
// a stack, little enough to keep for each of many processes.
const KEPT_LINES = 30;
const KEPT_LINE_LENGTH = 2_000;

const EXIT_WITH_PARENT = import.meta.resolve('#dev/system/exit-with-parent.ts');

/** Environment variables that every process inherits; everything else is a setting. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'SystemRoot'];

/**
 * Starts `services/<name>/main.ts` as a process and waits until it listens. The process ends with
 * this one at the latest.
 * @param settings its whole configuration: of our environment it inherits only `INHERITED`.
 *   LOG_LEVEL must be `info` (the default) or more verbose, since the log line with the address shows
 *   that it listens
 * @throws Error with what it printed, when it ends before it listens
 */
export async function startServiceProcess(
  name: string,
  settings: Environment,
  options: ServiceProcessOptions = {},
): Promise<ServiceProcess> {
  const { onLine = () => {}, stopTimeoutMs = STOP_TIMEOUT_MS, imports = [], root } = options;
  const ours = () => fileURLToPath(import.meta.resolve(`#services/${name}/main.ts`));
  const main = root === undefined ? ours() : join(root, 'services', name, 'main.ts');
  const preloads = [EXIT_WITH_PARENT, ...imports].map((url) => `--import=${url}`);
  const child = spawn(process.execPath, [...preloads, main], {
    env: {
      ...Object.fromEntries(INHERITED.map((variable) => [variable, process.env[variable]])),
      // The one of `npm start`: what a process imports is compiled once, which halves its start.
      ...(!IS_PACKAGE && {
        NODE_COMPILE_CACHE: join(PROGRAM_FOLDER, '.orderbell', 'compile-cache'),
      }),
      ...settings,
    },
    // The channel is there to break when this process ends (exit-with-parent.ts).
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const printed: string[] = [];
  const listening = Promise.withResolvers<string>();
  readLines(child, (line) => {
    printed.push(line.slice(0, KEPT_LINE_LENGTH));
    if (printed.length > KEPT_LINES) printed.shift();
    const url = urlIn(line, name);
    if (url !== undefined) listening.resolve(url);
    onLine(line);
  });
  const fault = (what: string) => new Error(`${name} ${what}:\n${printed.join('\n')}`);
  // Not `exit`: what was printed last is read by then.
  const exited = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }));
  exited.then(
    (exit) => listening.reject(fault(`ended before it listened, with ${endOf(exit)}`)),
    (error: unknown) => listening.reject(error),
  );
  const timer = setTimeout(() => {
    listening.reject(fault(`did not listen within ${START_TIMEOUT_MS} ms`));
  }, START_TIMEOUT_MS);
  try {
    const url = await listening.promise;
    return {
      url,
      pid: child.pid as number,
      exited,
      ...stops(child, { exited, fault, stopTimeoutMs }),
    };
  } catch (error) {
    child.kill('SIGKILL');
    await exited.catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function stops(
  child: ChildProcess,
  parts: { exited: Promise<Exit>; fault: (what: string) => Error; stopTimeoutMs: number },
): Pick<ServiceProcess, 'kill' | 'close'> {
  const { exited, fault, stopTimeoutMs } = parts;
  let mayEnd = false;
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    if (hasEnded(child) && !mayEnd) {
      throw fault(`had ended by itself with ${endOf(await exited)}`);
    }
    child.kill('SIGTERM');
    const signalledAt = new Date().toISOString();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, stopTimeoutMs);
    const exit = await exited;
    clearTimeout(timer);
    if (late) throw fault(`did not end within ${stopTimeoutMs} ms of SIGTERM at ${signalledAt}`);
    if (exit.code !== 0 && !mayEnd) throw fault(`ended with ${endOf(exit)}`);
  }

  return {
    kill(signal) {
      mayEnd ||= !['SIGSTOP', 'SIGCONT'].includes(signal);
      child.kill(signal);
    },
    close: () => (closed ??= close()),
  };
}

function readLines({ stdout, stderr }: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [stdout, stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', onLine);
  }
}

/** The address in the log line by which a service says that it is ready. */
function urlIn(line: string, name: string): string | undefined {
  const word = `${name} listens on `;
  if (!line.includes(word)) return undefined;
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === 'string' && msg.startsWith(word) ? msg.slice(word.length) : undefined;
  } catch {
    return undefined;
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) =>
  exitCode !== null || signalCode !== null;

const endOf = ({ code, signal }: Exit) => (signal === null ? `code ${code}` : signal);
