import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';

const EXIT_WITH_PARENT = new URL('../dev/system/exit-with-parent.ts', import.meta.url).href;

export type NodeProcess = ReturnType<typeof spawnNode>;

export interface SpawnOptions {
  /** Its whole environment; absent: ours. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Text for its standard input; closed when absent. */
  input?: string;
  /** Stops it by SIGTERM when this process ends, even if it is killed. */
  stopWithParent?: boolean;
  /** In a process group of its own, as a terminal gives to each command. */
  ownGroup?: boolean;
}

/** Runs Node with these arguments; the caller ends it. */
export function spawnNode(args: string[], options: SpawnOptions = {}) {
  return spawnProgram(process.execPath, args, options);
}

/** Runs a program, of which only Node stops with its parent; the caller ends it. */
export function spawnProgram(command: string, args: string[], options: SpawnOptions = {}) {
  const { env = process.env, cwd, input, stopWithParent = false, ownGroup = false } = options;
  const preloads = stopWithParent ? [`--import=${EXIT_WITH_PARENT}?signal=SIGTERM`] : [];
  const child = spawn(command, [...preloads, ...args], {
    env,
    cwd,
    detached: ownGroup,
    stdio: [
      input === undefined ? 'ignore' : 'pipe',
      'pipe',
      'pipe',
      ...(stopWithParent ? (['ipc'] as const) : []),
    ],
  });
  child.stdin?.end(input);
  const texts = { all: '', stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      texts[stream] += text;
      texts.all += text;
    });
  }
  // Its exit code, null after a signal. Not `exit`: what was printed last is read by then.
  const exited = once(child, 'close').then(([code]) => code as number | null);
  /** Everything that it has printed so far, or one stream of it. */
  const printed = (stream?: 'stdout' | 'stderr') => texts[stream ?? 'all'];
  return { child, printed, exited };
}

/** Runs a module that talks to us by messages; it ends with this process. */
export function forkModule(file: string, env: Record<string, string> = {}): ChildProcess {
  return fork(file, {
    execArgv: [`--import=${EXIT_WITH_PARENT}`],
    env: { ...process.env, ...env },
  });
}

/** The next message of a forked module. @throws Error when it ends first */
export async function nextMessage<T>(child: ChildProcess, what: string): Promise<T> {
  const done = new AbortController();
  const { signal } = done;
  const ended = once(child, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`${what} ended by itself with ${by ?? `code ${code}`}`);
  });
  // Settled by the abort below, when nothing waits for it any more.
  ended.catch(() => {});
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended]);
    return message as T;
  } finally {
    done.abort();
  }
}

/** Ends a process and waits for its end. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
