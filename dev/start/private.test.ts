import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import {
  chmod,
  lchown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { answeredWith, call } from '#harness/requests.ts';
import { ready, temporaryHome } from '#harness/system/start.ts';
import { orderOf, PASSWORD, rub } from '#harness/system/system.ts';
import { makePrivate } from '../files/private-folder.ts';

/** Paths that other users may use, below and with a folder. */
async function openPaths(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const paths = [folder, ...names.map((name) => join(folder, name))];
  const open = await Promise.all(
    paths.map(async (path) => {
      // The server removes files while we look.
      const found = await lstat(path).catch(() => undefined);
      const isOpen = found && !found.isSymbolicLink() && (found.mode & 0o077) !== 0;
      return isOpen ? [`${path} ${(found.mode & 0o7777).toString(8)}`] : [];
    }),
  );
  return open.flat();
}

/** What an earlier version, a restored backup and a careless `chmod -R` leave. */
async function openAll(folder: string): Promise<void> {
  for (const name of ['', ...(await readdir(folder, { recursive: true }))]) {
    const path = join(folder, name);
    await chmod(path, (await lstat(path)).isDirectory() ? 0o755 : 0o644);
  }
}

/** The arguments of all processes of this machine. */
function commandLines(): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    })
    .join('\n');
}

async function placeOrder(url: string, email: string): Promise<void> {
  const account = { email, password: PASSWORD };
  await call(url, 'POST', '/v1/registrations', { body: { ...account, name: 'Анна' } });
  const { body } = await call(url, 'POST', '/v1/sessions', { body: account });
  const headers = { authorization: `Bearer ${body.accessToken}` };
  await call(url, 'POST', '/v1/wallet/top-ups', { headers, body: { amount: rub(500) } });
  const placing = { headers: { ...headers, 'idempotency-key': 'key' }, body: orderOf(200) };
  await answeredWith(201, () => call(url, 'POST', '/v1/orders', placing));
}

test('all data are for one user only, also what was open before and what is written later', async (t) => {
  const { home, start } = await temporaryHome(t);
  const cache = join(home, 'compile-cache');
  for (const email of ['anna@example.com', 'boris@example.com']) {
    const started = start('0', { NODE_COMPILE_CACHE: cache });
    const url = await ready(started);
    await placeOrder(url, email);
    assert.deepEqual(await openPaths(home), []);
    const secrets = JSON.parse(await readFile(join(home, 'secrets.json'), 'utf8')) as object;
    const superuser = await readFile(join(home, 'postgres-password'), 'utf8');
    const lines = process.platform === 'linux' ? commandLines() : '';
    for (const secret of [...Object.values(secrets), superuser.trim()]) {
      assert.ok(!lines.includes(secret), 'a secret is an argument of a process');
    }
    started.child.kill('SIGTERM');
    assert.equal(await started.exited, 0, started.printed());
    assert.deepEqual(await openPaths(home), []);
    assert.ok((await readdir(cache)).length > 0);
    await openAll(home);
  }
});

test('a folder that others need is refused and left as it is; links are not followed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-private-'));
  t.after(() => rm(folder, { recursive: true }));
  const shared = join(folder, 'shared');
  await mkdir(shared);
  await chmod(shared, 0o1777);
  for (const home of [shared, '/', homedir()]) {
    const { mode } = await lstat(home);
    assert.throws(() => makePrivate(home), /is a folder that others use too.*ORDERBELL_HOME/);
    assert.equal((await lstat(home)).mode, mode);
  }
  const home = join(folder, 'home');
  await mkdir(join(home, 'deep'), { recursive: true });
  await chmod(home, 0o755);
  await symlink(shared, join(home, 'deep', 'link'));
  const secrets = join(folder, 'elsewhere.json');
  await writeFile(secrets, '{}');
  await chmod(secrets, 0o600);
  await symlink(secrets, join(home, 'secrets.json'));
  await symlink(join(folder, 'nothing'), join(home, 'broken'));
  assert.equal(makePrivate(home), null);
  await chmod(secrets, 0o644);
  assert.match(makePrivate(home) ?? '', /may use what links lead to: secrets\.json in .*chmod/);
  assert.equal((await lstat(secrets)).mode & 0o777, 0o644);
  if (process.getuid?.() === 0) {
    await lchown(join(home, 'secrets.json'), 65_534, 65_534);
    assert.throws(() => makePrivate(home), /secrets\.json is a link of uid 65534\. .*Remove it/);
  }
  assert.equal((await lstat(shared)).mode & 0o7777, 0o1777);
  assert.equal((await lstat(home)).mode & 0o7777, 0o700);
});
