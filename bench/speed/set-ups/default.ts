import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readPidFile } from '#dev/files/process.ts';
import { serverUrl } from '#dev/postgres/server.ts';
import { spawnNode } from '#harness/child-process.ts';
import { AUDIENCE } from '#harness/issuer.ts';
import { ready, sourcesOf } from '#harness/system/start.ts';
import type { SetUp, SetUpOptions } from './set-up.ts';

export const ROOT = join(import.meta.dirname, '..', '..', '..');
// The first start creates the databases, which is slow on a shared machine.
const START_TIMEOUT_MS = 60_000;
// `npm start` promises an end within 10 s.
const STOP_TIMEOUT_MS = 15_000;
/** Its settings are the defaults, in any environment. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'TZ'];

/**
 * Runs `npm start` in a separate process.
 * @param changes settings that differ from the default ones
 */
export async function startDefaultSetUp(
  { folder, issuer, resources }: SetUpOptions,
  changes: Record<string, string>,
): Promise<SetUp> {
  const { settings, args } = await readStartScript();
  const started = spawnNode(args, {
    cwd: ROOT,
    env: {
      ...Object.fromEntries(INHERITED.map((name) => [name, process.env[name]])),
      ...settings,
      ORDERBELL_HOME: folder,
      PORT: '0',
      OIDC_ISSUER: issuer.url,
      OIDC_AUDIENCE: AUDIENCE,
      ...changes,
    },
    stopWithParent: true,
  });
  const { child, printed, exited } = started;
  await resources.add({
    async close() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(late);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  });
  const url = await ready(started, START_TIMEOUT_MS).catch((cause: unknown) => {
    throw new Error(`npm start did not start:\n${printed()}`, { cause });
  });
  const data = join(folder, 'postgres');
  const server = readPidFile(data);
  if (server === undefined) throw new Error(`no database server in ${data}`);
  const password = (await readFile(join(folder, 'postgres-password'), 'utf8')).trim();
  return {
    url,
    sources: await sourcesOf(folder),
    superuserUrl: (database) => serverUrl(server.port, 'postgres', password, database),
    postgresPid: () => readPidFile(data)?.pid ?? server.pid,
    mailboxFile: join(folder, 'mailbox.sqlite'),
  };
}

/** The variables and the Node options of the `npm start` script. */
export async function readStartScript() {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const words = (scripts.start as string).split(' ');
  const node = words.indexOf('node');
  const set = words.slice(0, node).filter((word) => word.includes('='));
  return {
    settings: Object.fromEntries(set.map((word) => word.split('=', 2))) as Record<string, string>,
    args: words.slice(node + 1),
  };
}
