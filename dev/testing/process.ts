import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

// Runs in the process of the test, on any Node from 20.19 on, so it imports nothing of the system.

/** The process of one system (main.ts). */
export interface KitProcess {
  ask(request: Record<string, unknown>): Promise<unknown>;
  /** Ends it in order and waits for its end. */
  close(): Promise<void>;
}

export interface KitProcessOptions {
  compileCache: string;
  /** Gets each line of its log. */
  onLog: (line: string) => void;
}

interface Waiting {
  resolve: (done: unknown) => void;
  reject: (error: Error) => void;
}

// It kills itself after 15 s.
const CLOSE_TIMEOUT_MS = 20_000;
const KEPT_LINES = 20;
const KEPT_LINE_LENGTH = 2_000;
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TZ', 'SystemRoot'];
// `.js` in the package.
const ENDING = import.meta.filename.slice(-3);
const RUN = join(import.meta.dirname, '..', 'run.cjs');
const MAIN = join(import.meta.dirname, `main${ENDING}`);

/** Starts the process; it has no system yet. */
export function spawnKit({ compileCache, onLog }: KitProcessOptions): KitProcess {
  const inherited = INHERITED.map((name) => [name, process.env[name]] as const);
  const child = spawn(process.execPath, [RUN, MAIN], {
    env: { ...Object.fromEntries(inherited), NODE_COMPILE_CACHE: compileCache },
    stdio: ['pipe', 'pipe', 'pipe'],
    // What kills the group of the test, such as Ctrl-C, must leave it the time to clean up.
    detached: true,
    windowsHide: true,
  });
  const exited = once(child, 'close');
  const printed: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    printed.push(line.slice(0, KEPT_LINE_LENGTH));
    if (printed.length > KEPT_LINES) printed.shift();
    onLog(line);
  });
  const waiting = new Map<number, Waiting>();
  let closing = false;
  let asked = 0;

  function settle(id: number, act: (one: Waiting) => void): void {
    const one = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0 && !closing) hold(child, false);
    if (one !== undefined) act(one);
  }

  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, done, failed } = JSON.parse(line) as {
      id: number;
      done?: unknown;
      failed?: string;
    };
    settle(id, ({ resolve, reject }) => {
      if (failed === undefined) resolve(done);
      else reject(new Error(`Orderbell: ${failed}`));
    });
  });
  function failAll(): void {
    const fault = new Error(`the process of Orderbell has ended:\n${printed.join('\n')}`);
    for (const id of [...waiting.keys()]) settle(id, ({ reject }) => reject(fault));
  }
  exited.then(failAll, failAll);
  // The end of the process is reported by `failAll`.
  child.stdin.on('error', () => {});

  async function end(): Promise<void> {
    closing = true;
    hold(child, true);
    child.stdin.end();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, CLOSE_TIMEOUT_MS);
    const [code, signal] = await exited;
    clearTimeout(timer);
    if (late) throw new Error(`Orderbell did not end within ${CLOSE_TIMEOUT_MS} ms`);
    if (code !== 0)
      throw new Error(`Orderbell ended with ${signal ?? code}:\n${printed.join('\n')}`);
  }

  let ended: Promise<void> | undefined;
  return {
    ask(request) {
      asked += 1;
      const id = asked;
      return new Promise((resolve, reject) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          reject(new Error(`the process of Orderbell has ended:\n${printed.join('\n')}`));
          return;
        }
        waiting.set(id, { resolve, reject });
        hold(child, true);
        child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
      });
    },
    close: () => (ended ??= end()),
  };
}

/** Whether the process keeps ours alive: a test that forgets to close it must not hang. */
function hold(child: ChildProcess, yes: boolean): void {
  const parts = [child, child.stdin, child.stdout, child.stderr] as unknown as NodeJS.Timeout[];
  for (const part of parts) {
    if (yes) part.ref();
    else part.unref();
  }
}
