import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, readPidFile } from '#dev/files/process.ts';
import { spawnNode } from '#harness/child-process.ts';
import { ready } from '#harness/system/start.ts';
import { ROOT, readStartScript } from '../speed/set-ups/default.ts';

/** A system under a load. Figures are undefined where it is not a process of ours. */
export interface Target {
  url: string;
  smtpPort: number | undefined;
  usage(): Usage | undefined;
  /** Stops it as Ctrl-C does. @returns how that went, for the table */
  stop(): Promise<string>;
  /** Ends what is left and removes its data. */
  close(): Promise<void>;
}

export interface Usage {
  /** MB of resident memory of `npm start`, without PostgreSQL. */
  memoryMb: number;
  openFiles: number;
}

const START_TIMEOUT_MS = 120_000;
// `npm start` promises 10 s; the rest is for a busy machine.
const STOP_TIMEOUT_MS = 20_000;
const GREETING_MS = 2_000;
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'TZ'];

export function otherTarget(url: string): Target {
  return {
    url,
    smtpPort: undefined,
    usage: () => undefined,
    stop: async () => '–',
    close: async () => {},
  };
}

/** Runs `npm start` on a data folder of its own. */
export async function startTarget(): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-loads-'));
  // For root the database runs as another user, who must be able to enter.
  await chmod(folder, 0o755);
  const { settings, args } = await readStartScript();
  const inherited = INHERITED.map((name) => [name, process.env[name]]);
  const started = spawnNode(args, {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), ...settings, ORDERBELL_HOME: folder, PORT: '0' },
    stopWithParent: true,
  });
  const { child, exited, printed } = started;
  const pid = child.pid as number;
  const databasePid = () => readPidFile(join(folder, 'postgres'))?.pid;

  async function close(): Promise<void> {
    child.kill('SIGKILL');
    await exited;
    const left = databasePid();
    if (left !== undefined && isAlive(left)) process.kill(left, 'SIGQUIT');
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }

  async function stop(): Promise<string> {
    const server = databasePid();
    const begun = performance.now();
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const code = await exited;
    clearTimeout(late);
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
    const isLeft = server !== undefined && isAlive(server);
    const how = code === 0 ? 'clean' : code === null ? 'killed' : `code ${code}`;
    return `${how}, ${seconds} s${isLeft ? ', PostgreSQL left' : ''}`;
  }

  try {
    const url = await ready(started, START_TIMEOUT_MS);
    const smtpPort = await findSmtpPort(pid);
    return { url, smtpPort, usage: () => usageOf(pid), stop, close };
  } catch (cause) {
    await close();
    throw new Error(`npm start did not start:\n${printed()}`, { cause });
  }
}

function usageOf(pid: number): Usage | undefined {
  try {
    const kilobytes = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const openFiles = readdirSync(`/proc/${pid}/fd`).length;
    return { memoryMb: Math.round(Number(kilobytes) / 1024), openFiles };
  } catch {
    // It has ended, or there is no /proc.
    return undefined;
  }
}

/** The mailbox's port, which no setting names: of all listeners only it greets. */
async function findSmtpPort(pid: number): Promise<number | undefined> {
  const greets = await Promise.all(listeningPorts(pid).map(greetsAsMailServer));
  return greets.find((port) => port !== undefined);
}

function listeningPorts(pid: number): number[] {
  if (process.platform !== 'linux') return [];
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        return undefined;
      }
    }),
  );
  // Columns: sl local_address rem_address st … inode; state 0A listens.
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((cells) => cells[3] === '0A' && sockets.has(cells[9]))
    .map((cells) => Number.parseInt(cells[1]?.split(':')[1] ?? '', 16));
}

function greetsAsMailServer(port: number): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const socket = connect({ host: '127.0.0.1', port });
  socket.setTimeout(GREETING_MS, () => socket.destroy());
  socket.on('data', (data) => {
    resolve(data.toString('latin1').startsWith('220 ') ? port : undefined);
    socket.destroy();
  });
  socket.on('error', () => {});
  socket.on('close', () => resolve(undefined));
  return promise;
}
