import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '#dev/files/free-port.ts';
import { findClusterDirectory } from '#dev/postgres/cluster-directory.ts';
import { queryRows } from '../database.ts';
import { retry } from '../eventually.ts';

/** Debian's PostgreSQL 15, the oldest version that we promise. */
export const POSTGRES_15 = '/usr/lib/postgresql/15/bin';

export const skipWithoutPostgres15 = existsSync(POSTGRES_15)
  ? false
  : 'there is no PostgreSQL 15 (apt install postgresql-15)';

const PASSWORD = 'superuser';

export type PostgresServer = Awaited<ReturnType<typeof startPostgresServer>>;

interface ServerOptions {
  /** Folder of the programs; PostgreSQL 18 of the packages when absent. */
  bin?: string;
  /** Lines of postgresql.conf. */
  settings?: string[];
  /** Lines of pg_hba.conf; every connection by password when absent. */
  access?: string[];
  /** The data of a server that is stopped, to follow it. */
  standbyOf?: Pick<PostgresServer, 'data' | 'replication'>;
}

/** The user that servers run as, when we are root. */
export async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  const { home, user } = await prepareHome();
  await rm(home, { recursive: true, force: true });
  return user;
}

async function prepareHome() {
  const home = await mkdtemp(join(tmpdir(), 'orderbell-postgres-'));
  // Root's servers run as another user, who must be able to enter.
  await chmod(home, 0o755);
  const { binaries, user } = await findClusterDirectory(home, () => {});
  return { home, binaries, user };
}

/** Closes what a test opened after it, the last one first: a server after its clients. */
export function openStack(t: TestContext): AsyncDisposableStack {
  const open = new AsyncDisposableStack();
  t.after(() => open.disposeAsync());
  return open;
}

/** Starts a PostgreSQL server with a data folder of its own. */
export async function startPostgresServer(
  open: AsyncDisposableStack,
  { bin, settings = [], access, standbyOf }: ServerOptions = {},
) {
  const { home, binaries, user } = await prepareHome();
  const program = (name: 'postgres' | 'initdb') => (bin ? join(bin, name) : binaries[name]);
  const port = await freePort();
  const data = join(home, 'data');
  if (user) run('chown', [`${user.uid}:${user.gid}`, home]);
  const options = { ...user, cwd: home, env: { PATH: process.env.PATH, LC_ALL: 'C' } };
  if (standbyOf === undefined) {
    const passwordFile = join(home, 'password');
    await writeFile(passwordFile, PASSWORD);
    const args = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--no-sync'];
    run(program('initdb'), [...args, `--pwfile=${passwordFile}`], options);
  } else {
    run('cp', ['-a', standbyOf.data, data]);
    await appendFile(
      join(data, 'postgresql.auto.conf'),
      `primary_conninfo = '${standbyOf.replication}'\n`,
    );
    await writeFile(join(data, 'standby.signal'), '');
  }
  const lines = [
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    'fsync = off',
    'max_connections = 200',
    `port = ${port}`,
    ...settings,
  ];
  await appendFile(join(data, 'postgresql.conf'), `\n${lines.join('\n')}\n`);
  if (access) await writeFile(join(data, 'pg_hba.conf'), `${access.join('\n')}\n`);

  let child: ChildProcess | undefined;
  const urlOf = (database: string) =>
    `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/${database}`;
  const stop = async (signal: NodeJS.Signals = 'SIGQUIT'): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  const start = async (): Promise<void> => {
    const started = spawn(program('postgres'), ['-D', data], { ...options, stdio: 'ignore' });
    child = started;
    await retry(`PostgreSQL on port ${port}`, async () => {
      if (started.exitCode !== null) throw new Error(`it ended with ${started.exitCode}`);
      // Its own folder: another server that was faster may answer on this port.
      const [found] = await queryRows(urlOf('postgres'), 'show data_directory');
      if (found?.data_directory !== data) throw new Error('another server answers');
    });
  };
  open.defer(async () => {
    await stop();
    await rm(home, { recursive: true, force: true });
  });
  await start();
  return {
    port,
    data,
    urlOf,
    /** How a standby reaches it. */
    replication: `host=127.0.0.1 port=${port} user=postgres password=${PASSWORD}`,
    start,
    stop,
    query: (sql: string) => queryRows(urlOf('postgres'), sql),
  };
}

function run(program: string, args: string[], options = {}): void {
  const { status, stderr, error } = spawnSync(program, args, options);
  if (status !== 0) throw new Error(`${program} failed: ${error ?? String(stderr)}`);
}
