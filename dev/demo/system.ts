import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IS_PACKAGE, PROGRAM_FOLDER } from '#platform/values/program.ts';

/** A system that the demonstration started. */
export interface OwnSystem {
  /** Passes a signal on. */
  stop(signal: NodeJS.Signals): void;
  /** Resolves with its exit code, null after a signal. */
  exited: Promise<number | null>;
}

// The first start makes the databases; on a slow disk that takes a while.
const START_TIMEOUT_MS = 120_000;
const POLL_MS = 100;
const ANSWER_TIMEOUT_MS = 2_000;

/** Whether a system answers at this URL. */
export async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/**
 * Starts the system as `npm start` does, at the port of this URL, and waits until it answers.
 * @throws Error when it ends or does not answer; it has said why
 */
export async function startOwn(url: string, signal: AbortSignal): Promise<OwnSystem> {
  const own = await spawnStart(new URL(url).port);
  const system: OwnSystem = {
    stop: (name) => void own.kill(name),
    exited: once(own, 'close').then(([code]) => code as number | null),
  };
  const stop = () => system.stop('SIGTERM');
  signal.addEventListener('abort', stop);
  const end = performance.now() + START_TIMEOUT_MS;
  while (!(await answers(url))) {
    if (own.exitCode !== null || own.signalCode !== null) throw new Error('the system has ended');
    if (performance.now() > end) {
      stop();
      throw new Error(`the system does not answer at ${url}`);
    }
    await sleep(POLL_MS);
  }
  // From here on the caller passes signals on.
  signal.removeEventListener('abort', stop);
  return system;
}

/** By the command of the package, or by the very line of package.json, whose options count. */
async function spawnStart(port: string): Promise<ChildProcess> {
  if (IS_PACKAGE) {
    return spawn(process.execPath, [join(PROGRAM_FOLDER, 'dev/package/orderbell.cjs'), 'start'], {
      stdio: 'inherit',
      env: { ...process.env, PORT: port },
    });
  }
  const { scripts } = JSON.parse(await readFile(join(PROGRAM_FOLDER, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  // The line begins with `exec node`: so that this is the Node that runs us.
  const path = [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter);
  return spawn('sh', ['-c', scripts.start], {
    cwd: PROGRAM_FOLDER,
    stdio: 'inherit',
    env: { ...process.env, PATH: path, PORT: port },
  });
}
