import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import type { Image } from './build-image.ts';

const NOBODY = 65_534;
// Mounts are of this process alone. /dev/shm may hold the tests' files, and is a mount of its own.
const READ_ONLY = 'mount -o remount,bind,ro / && mount -o remount,bind,ro /dev/shm && exec "$@"';
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
const UNSHARE = ['unshare', '--mount', 'sh', '-c', READ_ONLY, 'sh'];

/** The words before a command that take its rights away; root is needed for them. */
function confinement(): string[] {
  if (process.getuid?.() !== 0) return [];
  const [unshare = '', ...words] = [...UNSHARE, 'true'];
  const mounts = spawnSync(unshare, words).status === 0 ? UNSHARE : [];
  return [...mounts, ...AS_NOBODY, '--no-new-privs', '--bounding-set=-all'];
}

const CONFINED = confinement();

/** Whether `runInImage` has no file at all that it can write. */
export const rootIsReadOnly = CONFINED[0] === 'unshare';

export type Container = ReturnType<typeof runInImage>;

/**
 * Runs a command as a container does: with the image's environment, folder and Node, as a user that
 * owns nothing, and on files that it cannot write.
 * @param words the command after the entrypoint
 */
export function runInImage(
  t: TestContext,
  { workdir, env, entrypoint }: Image,
  words: string[],
  settings: Record<string, string> = {},
) {
  const [program = '', ...args] = [...CONFINED, ...entrypoint, ...words];
  const child: ChildProcess = spawn(program, args, {
    cwd: workdir,
    // The base image's PATH leads to its Node.
    env: { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, ...env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      printed += text;
    });
  }
  const exited = once(child, 'close').then(([code]) => code as number | null);
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return {
    child,
    exited,
    printed: () => printed,
    listening: () =>
      eventually(`${words.join(' ')} to listen`, async () => {
        if (child.exitCode !== null) throw new Error(`it ended: ${printed}`);
        return /listens on (http:[^"]+)/.exec(printed)?.[1];
      }),
  };
}
