import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { identify, isAlive, readPidFile } from '#dev/files/process.ts';
import { serverUrl } from '#dev/postgres/server.ts';
import type { Secrets } from '#dev/system/secrets.ts';
import { embeddedTopic } from '../broker/embedded-topic.ts';
import { type NodeProcess, spawnNode } from '../child-process.ts';
import { eventually } from '../eventually.ts';
import { listMails } from '../oracle/mails.ts';
import type { OracleSources } from '../oracle/stored-state.ts';

/** `npm start` as a process, without npm. */
export type Started = NodeProcess;

const PROGRAM = ['run.cjs', 'start.ts'].map((name) =>
  join(import.meta.dirname, '..', '..', 'dev', name),
);

/** A data folder, and starts on it; what still runs at the end is stopped before the folder goes. */
export async function temporaryHome(t: TestContext) {
  const home = await mkdtemp(join(tmpdir(), 'orderbell-start-'));
  // For root the database runs as another user, who must be able to enter.
  await chmod(home, 0o755);
  const all: Started[] = [];
  t.after(async () => {
    for (const { child } of all) child.kill('SIGTERM');
    await Promise.all(all.map(({ exited }) => exited));
    await stopOrphan(home);
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    home,
    start(port = '0', env: Record<string, string> = {}, options: string[] = []): Started {
      const started = spawnNode([...PROGRAM, ...options], {
        env: { ...process.env, ORDERBELL_HOME: home, PORT: port, LOG_LEVEL: 'error', ...env },
      });
      all.push(started);
      return started;
    },
  };
}

/** The output of a failed start, without the lines about waiting on a busy machine. */
export function complaint({ printed }: Started): string {
  return printed()
    .replace(/^Still starting .*\n/gm, '')
    .trim();
}

// Of a first start on a busy machine.
const READY_MS = 120_000;

/** The base URL that the screen names. */
export function ready({ printed, child }: Started, waitMs = READY_MS): Promise<string> {
  const look = async () => {
    if (child.exitCode !== null) throw new Error(`it ended: ${printed()}`);
    return /API {2,}(\S+)\/v1/.exec(printed())?.[1];
  };
  return eventually('the screen of npm start', look, waitMs);
}

/** The pid of the database server of a data folder, if one runs. */
export function serverPid(home: string): number | undefined {
  const data = join(home, 'postgres');
  const pid = readPidFile(data)?.pid;
  if (pid === undefined || !isAlive(pid)) return undefined;
  return identify(pid, data) === 'foreign' ? undefined : pid;
}

/** The processes of the database server of a data folder: the postmaster first. */
export function serverProcesses(home: string): number[] {
  const pid = serverPid(home);
  if (pid === undefined) return [];
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...children.split(' ').filter(Boolean).map(Number)];
}

/**
 * Stops all processes of the database server, as a machine without a free processor does.
 * @returns a function that resumes them
 */
export function freezeServer(home: string): () => void {
  // The postmaster first, so that it starts no new ones.
  signal(serverProcesses(home).slice(0, 1), 'SIGSTOP');
  const all = serverProcesses(home);
  signal(all, 'SIGSTOP');
  return () => signal(all, 'SIGCONT');
}

function signal(pids: number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      // A connection's process ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** The database server that a killed start left, which no later start took over. */
async function stopOrphan(home: string): Promise<void> {
  const pid = serverPid(home);
  if (pid === undefined) return;
  process.kill(pid, 'SIGQUIT');
  await eventually('the end of the database server', async () => !isAlive(pid));
}

/** Where the oracle reads the system of a running data folder. */
export async function sourcesOf(home: string): Promise<OracleSources> {
  const secrets = JSON.parse(await readFile(join(home, 'secrets.json'), 'utf8')) as Secrets;
  const port = readPidFile(join(home, 'postgres'))?.port;
  if (port === undefined) throw new Error(`no database server runs on ${home}`);
  const databaseUrl = (name: string) => serverUrl(port, name, secrets.databasePassword, name);
  return {
    databaseUrl,
    broker: embeddedTopic(databaseUrl('broker')),
    listMails: async () => listMails(join(home, 'mailbox.sqlite')),
  };
}

/** The processes whose working folder or command names a folder, other than this one. */
export function processesOf(folder: string): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.map(Number).filter((pid) => pid !== process.pid && isIn(pid, folder));
}

function isIn(pid: number, folder: string): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return command.includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
  } catch {
    // It has ended.
    return false;
  }
}
