import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Type } from 'typebox';
import { ConfigError, type Environment, loadConfig } from './load-config.ts';
import { isGiven, readSetting } from './read-setting.ts';

const Config = Type.Object({
  PORT: Type.Integer({ default: 0, description: 'A port.' }),
  METRICS_PORT: Type.Integer({ default: 1, description: 'Another port.' }),
  SECRET: Type.String({ pattern: '^[^]{8,}$', description: 'A secret.' }),
  ORDERS_DATABASE_URL: Type.Optional(Type.String({ description: 'A database.' })),
});

function load(env: Environment, service = 'orders') {
  return loadConfig(service, Config, { SECRET: 'long enough', ...env });
}

function problemsOf(env: Environment): string[] {
  try {
    loadConfig('orders', Config, env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
}

async function folder(t: TestContext) {
  const path = await mkdtemp(join(tmpdir(), 'orderbell-settings-'));
  t.after(() => rm(path, { recursive: true }));
  return {
    path,
    async file(name: string, content: string | Buffer): Promise<string> {
      await writeFile(join(path, name), content);
      return join(path, name);
    },
  };
}

test('the form with the name of a service wins for that service only', () => {
  const env = { PORT: '8080', ORDERS_PORT: '8081', BILLING_PORT: '8082' };
  const ports = ['orders', 'billing', 'profiles'].map((service) => load(env, service).PORT);
  assert.deepEqual(ports, [8081, 8082, 8080]);
  assert.equal(load({ PORT: '8080', ORDERS_PORT: ' ' }).PORT, 8080, 'an empty one is absent');
});

test('a setting that begins with the name of its service has no second form', () => {
  const env = { ORDERS_DATABASE_URL: 'one', ORDERS_ORDERS_DATABASE_URL: 'other' };
  assert.equal(load(env).ORDERS_DATABASE_URL, 'one');
});

test('a file gives a setting, without the spaces and line breaks at its ends', async (t) => {
  const { path, file } = await folder(t);
  const secret = await file('secret', '  in a file\nof two lines\r\n\n');
  assert.equal(load({ SECRET: '', SECRET_FILE: secret }).SECRET, 'in a file\nof two lines');
  // As Kubernetes gives secrets.
  await symlink(secret, join(path, 'link'));
  assert.match(load({ SECRET: '', SECRET_FILE: ` ${join(path, 'link')} ` }).SECRET, /^in a file/);
  const port = await file('port', '8081\n');
  assert.equal(load({ PORT: '8080', ORDERS_PORT_FILE: port }).PORT, 8081);
  assert.equal(load({ PORT_FILE: port, ORDERS_PORT: '8082' }).PORT, 8082);
  assert.equal(load({ PORT_FILE: port, BILLING_PORT: '8082' }).PORT, 8081);
  assert.equal(isGiven('orders', 'PORT', { ORDERS_PORT_FILE: port }), true);
  assert.equal(isGiven('orders', 'PORT', { BILLING_PORT_FILE: port, PORT: ' ' }), false);
});

test('a value and a file for the same variable are named, and nothing is read', () => {
  const both = { SECRET: 'hunter2', SECRET_FILE: '/nowhere', ORDERS_PORT: '1', PORT_FILE: '/x' };
  assert.deepEqual(problemsOf(both), ['SECRET and SECRET_FILE are both set: keep one of them']);
});

test('a file that cannot be read is named with its variable and the reason', async (t) => {
  const { path, file } = await folder(t);
  await mkdir(join(path, 'sub'));
  const large = await file('large', 'x');
  await truncate(large, 1_048_577);
  const files = {
    [join(path, 'none')]: 'cannot be read: ENOENT: no such file or directory',
    [join(large, 'none')]: 'cannot be read: ENOTDIR: not a directory',
    [join(path, 'sub')]: 'is not a file',
    '/dev/zero': 'is not a file',
    [large]: 'has more than 1048576 bytes',
    [await file('empty', ' \n')]: 'is empty',
    [await file('latin', Buffer.from([0xff, 0xfe]))]: 'is not text in UTF-8',
  };
  for (const [name, why] of Object.entries(files)) {
    const problem = `SECRET_FILE names ${name}, which ${why}`;
    assert.deepEqual(problemsOf({ SECRET_FILE: name }), [problem]);
  }
});

test('a file of another user is named with the user of the process', async (t) => {
  const { path, file } = await folder(t);
  const secret = await file('secret', 'in a file');
  await chmod(secret, 0);
  await chmod(path, 0o755);
  const root = process.getuid?.() === 0;
  // Root may read everything.
  if (root) process.seteuid?.(65_534);
  const [problem = ''] = problemsOf({ ORDERS_SECRET_FILE: secret });
  if (root) process.seteuid?.(0);
  assert.ok(problem.startsWith(`ORDERS_SECRET_FILE names ${secret}, which cannot be read: EACCES`));
  assert.match(problem, /denied to the user \d+ of this process$/);
});

test('a secret in the place of a path is not printed', () => {
  for (const text of ['hunter2', '-----BEGIN PRIVATE KEY-----\nhunter2/', 'smtp://a:hunter2@h']) {
    assert.deepEqual(problemsOf({ SECRET_FILE: text }), [
      'SECRET_FILE must be the path of a file, from / or ./ on',
    ]);
  }
});

test('a wrong value is reported with the variable that it comes from, not with the value', async (t) => {
  const { file } = await folder(t);
  const name = await file('secret', 'hunter2');
  assert.deepEqual(problemsOf({ ORDERS_PORT: 'hunter2', SECRET_FILE: name }), [
    'ORDERS_PORT must be a whole number',
    'SECRET (from SECRET_FILE) must match ^[^]{8,}$',
  ]);
});

test('the addresses that Kubernetes puts into a pod are no ports', () => {
  const link = 'tcp://10.0.0.1:80';
  const env = { PORT: '8080', ORDERS_PORT: link, ORDERS_METRICS_PORT: link };
  const { PORT, METRICS_PORT } = load({ ...env, ORDERS_SERVICE_PORT: '80' });
  assert.deepEqual([PORT, METRICS_PORT], [8080, 1]);
  assert.equal(readSetting('orders', 'PORT', { ORDERS_PORT: link }), undefined);
  assert.deepEqual(problemsOf({ PORT: link, SECRET: 'long enough' }), [
    'PORT must be a whole number',
  ]);
});
