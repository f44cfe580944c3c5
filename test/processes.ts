import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from './system.ts';

/** `node services/<name>/main.ts`. */
export interface ServiceProcess {
  child: ChildProcess;
  /** What it has printed so far on standard output: its log, a JSON document a line. */
  printed: () => string;
  complained: () => string;
  /** Resolves with the exit code, null after a signal. */
  exited: Promise<number | null>;
  /** The base URL, once it listens. */
  listening(): Promise<string>;
}

/**
 * Runs one service as a process with these settings and no others, ended with the test.
 * @param before ends what has to end before the process: hooks run in the order they were made in
 */
export function startServiceProcess(
  t: TestContext,
  name: string,
  env: Record<string, string>,
  before: () => Promise<void> = async () => {},
): ServiceProcess {
  const main = join(import.meta.dirname, '..', 'services', name, 'main.ts');
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  const exited = once(child, 'close').then(([code]) => code as number | null);
  t.after(async () => {
    await before();
    // Also one that a test has stopped by SIGSTOP.
    child.kill('SIGKILL');
    await exited;
  });
  return {
    child,
    printed: () => output.stdout,
    complained: () => output.stderr,
    exited,
    listening: () =>
      eventually(`${name} to listen`, async () => {
        if (child.exitCode !== null) throw new Error(`${name} ended: ${output.stderr}`);
        return new RegExp(`${name} listens on (http://[^"]+)`).exec(output.stdout)?.[1];
      }),
  };
}

/** Status of a health address; 0 where nobody answers. */
export async function healthOf(url: string, path: '/livez' | '/readyz'): Promise<number> {
  try {
    const answer = await fetch(url + path, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return 0;
  }
}

// More than any check of our own may take.
const HEALTH_TIMEOUT_MS = 5_000;
