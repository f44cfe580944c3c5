import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#dev/files/free-port.ts';
import { queryRows } from '../database.ts';
import { retry } from '../eventually.ts';
import { serverUser } from './postgres-server.ts';
import { findTool } from './tools.ts';

/** Why there is no PgBouncer that keeps prepared statements (1.21 or newer), or false. */
export function skipWithoutPgBouncer(): string | false {
  const program = findTool('pgbouncer');
  if (program === null) return 'there is no pgbouncer';
  const [, minor] = versionOf(program);
  return minor >= 21 ? false : `pgbouncer is 1.${minor}, and 1.21 or newer is needed`;
}

/** A PgBouncer before 1.21: PGBOUNCER_OLD, or Debian 12's. */
export function findOldPgBouncer(): string | null {
  const programs = [process.env.PGBOUNCER_OLD, '/usr/sbin/pgbouncer'];
  return programs.find((file) => file && existsSync(file) && versionOf(file)[1] < 21) ?? null;
}

function versionOf(program: string): [major: number, minor: number] {
  const said = String(spawnSync(program, ['--version']).stdout);
  const [, major, minor] = /PgBouncer (\d+)\.(\d+)/.exec(said) ?? [];
  return [Number(major), Number(minor)];
}

interface PgBouncerOptions {
  program?: string;
  poolMode: 'session' | 'transaction';
  /** The server behind it. */
  port: number;
  /** Passwords by role. */
  users: Record<string, string>;
  settings?: string[];
}

/** Starts a PgBouncer for every database of a server. @returns its port */
export async function startPgBouncer(
  open: AsyncDisposableStack,
  { program = findTool('pgbouncer') ?? '', poolMode, port, users, settings = [] }: PgBouncerOptions,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-pgbouncer-'));
  await chmod(folder, 0o755);
  const own = await freePort();
  const accounts = Object.entries(users).map(([name, password]) => `"${name}" "${password}"`);
  await writeFile(join(folder, 'users.txt'), `${accounts.join('\n')}\n`);
  const lines = [
    '[databases]',
    `* = host=127.0.0.1 port=${port}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${own}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${join(folder, 'users.txt')}`,
    `pool_mode = ${poolMode}`,
    ...settings,
  ];
  await writeFile(join(folder, 'pgbouncer.ini'), `${lines.join('\n')}\n`);
  const child = spawn(program, [join(folder, 'pgbouncer.ini')], {
    ...(await serverUser()),
    cwd: folder,
    stdio: ['ignore', 'ignore', process.env.LOG_LEVEL ? 'inherit' : 'ignore'],
  });
  open.defer(async () => {
    if (child.exitCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    await rm(folder, { recursive: true, force: true });
  });
  const [[user, password] = ['', '']] = Object.entries(users);
  await retry('PgBouncer', async () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    // The server behind it: another pooler that was faster may answer on this port.
    const url = `postgres://${user}:${password}@127.0.0.1:${own}/postgres`;
    const [found] = await queryRows(url, 'select inet_server_port() as port');
    if (found?.port !== port) throw new Error('another pooler answers');
  });
  return own;
}
