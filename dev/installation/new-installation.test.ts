import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseEnv } from 'node:util';
import { type Environment, loadConfig } from '#platform/config/load-config.ts';
import { loadServices, SERVICES_WITH_DATABASE } from '../system/services.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const OPTIONS = [
  ...['--postgres', 'postgres://db.example/?sslmode=verify-full', '--kafka', 'a.example:1,b:2'],
  ...['--smtp', 'smtp://user:pa%27ss@mail.example:587'],
  ...['--mail-from', 'Orders & more <orders@shop.example>'],
];
const ISSUER = [
  ...['--issuer', 'https://id.example/realms/shop', '--client-id', 'console'],
  ...['--operator-claim', 'realm_access.roles'],
];

function run(args: string[]) {
  const script = ['dev/run.cjs', 'dev/installation/new-installation.ts', ...args];
  return spawnSync(process.execPath, script, { cwd: ROOT, encoding: 'utf8' });
}

async function newInstallation(t: TestContext, ...args: string[]) {
  const parent = await mkdtemp(join(tmpdir(), 'orderbell-installation-'));
  t.after(() => rm(parent, { recursive: true, force: true }));
  const folder = join(parent, 'new');
  const { status, stdout, stderr } = run([...args, '--out', folder]);
  assert.equal(status, 0, stderr);
  const read = (...names: string[]) => readFileSync(join(folder, ...names), 'utf8');
  const env = parseEnv(read('.env')) as Record<string, string>;
  return { folder, stdout, read, env, secrets: readdirSync(join(folder, 'secrets')).sort() };
}

/** `<SERVICE>_X` is for one service and wins over `X`. */
function settingsOf(name: string, env: Environment): Environment {
  const prefix = `${name.toUpperCase()}_`;
  const own = Object.entries(env).filter(([setting]) => setting.startsWith(prefix));
  return {
    ...env,
    ...Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value])),
  };
}

for (const [title, args, isIssued] of [
  ['an issuer', ISSUER, true],
  ['the identity service', [], false],
] as const) {
  test(`with ${title} every service accepts its settings`, async (t) => {
    const { env } = await newInstallation(t, ...OPTIONS, ...args);
    const services = await loadServices();
    const running = services.filter(({ name }) => !isIssued || name !== 'identity');
    const ports = running.map(({ name, settings }) => {
      const config = loadConfig(name, settings, settingsOf(name, env)) as Record<string, unknown>;
      return config.PORT;
    });
    assert.deepEqual(
      ports,
      running.map((_, index) => 8080 + index),
    );
    assert.equal('IDENTITY_SECRET' in env, !isIssued);
    assert.equal(env.OIDC_ISSUER, isIssued ? 'https://id.example/realms/shop' : undefined);
    assert.equal(env.OPERATOR_CLAIM, isIssued ? 'realm_access.roles' : undefined);
    assert.equal(env.MAIL_FROM, 'Orders & more <orders@shop.example>');
    assert.equal(env.PUBLIC_URL, undefined);
  });
}

test('the public keys are those of the private ones, and every password is another', async (t) => {
  const { env } = await newInstallation(t, ...OPTIONS);
  const { keys } = JSON.parse(env.SERVICE_PUBLIC_KEYS as string);
  assert.deepEqual(
    keys.map(({ kid }: { kid: string }) => kid),
    ['gateway', 'notifications'],
  );
  for (const { kid, x } of keys) {
    const pem = env[`${kid.toUpperCase()}_PRIVATE_KEY`]?.replaceAll('\\n', '\n') ?? '';
    assert.equal(createPublicKey(createPrivateKey(pem)).export({ format: 'jwk' }).x, x);
  }
  const urls = Object.entries(env).filter(([name]) => name.endsWith('DATABASE_URL'));
  assert.equal(urls.length, 2 * SERVICES_WITH_DATABASE.length);
  const passwords = urls.map(([, url]) => new URL(url).password);
  assert.equal(new Set(passwords).size, urls.length);
  for (const [, url] of urls) assert.equal(new URL(url).search, '?sslmode=verify-full');
});

test('a shell, and the files for containers, have the same values as Node', async (t) => {
  const { folder, env, secrets, read } = await newInstallation(t, ...OPTIONS);
  const shell = spawnSync('sh', ['-c', `set -a; . ${folder}/.env; exec env -0`], {
    env: {},
    encoding: 'utf8',
  });
  const lines = shell.stdout.split('\0');
  for (const [name, value] of Object.entries(env))
    assert.ok(lines.includes(`${name}=${value}`), name);
  for (const name of secrets) {
    assert.equal(read('secrets', name).trim().replaceAll('\n', '\\n'), env[name], name);
  }
  for (const line of read('settings.env').trim().split('\n')) {
    const [, name = '', value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    assert.equal(value, env[name], name);
  }
});

test('only its owner reads an installation, and none is written over', async (t) => {
  const { folder, read } = await newInstallation(t, ...OPTIONS);
  const modeOf = (name: string) => statSync(join(folder, name)).mode & 0o777;
  assert.deepEqual([modeOf('.env'), modeOf('secrets')], [0o600, 0o700]);
  const before = read('.env');
  const { status, stderr } = run([...OPTIONS, '--out', folder]);
  assert.equal(status, 1);
  assert.match(stderr, /\.env exists, and its keys and passwords may be in use: name another/);
  assert.equal(read('.env'), before);
});

test('all faults are named at once, and no password is repeated', async () => {
  const { status, stderr } = run([
    ...['--postgres', 'postgres://admin:secret@db', '--kafka', 'a:1,b'],
    ...['--smtp', "smtp://u:secret's@mail", '--issuer', 'http://id.example', '--currency', 'ABC'],
  ]);
  assert.equal(status, 1);
  const named = [...stderr.matchAll(/^ {2}(--[\w-]+) \S/gm)].map(([, name]) => name);
  const faulty = ['--postgres', '--kafka', '--smtp', '--mail-from', '--issuer', '--currency'];
  assert.deepEqual(named.slice(0, faulty.length), faulty);
  assert.doesNotMatch(stderr, /secret/);
  assert.equal(run(['--postgress', 'x']).status, 1);
});

test('links in letters lead to an address that keeps their tokens secret', async (t) => {
  for (const url of [
    'https://Shop.example',
    'http://127.0.0.1:8080',
    'https://[2001:db8::1]:8443',
  ]) {
    const { env, read } = await newInstallation(t, ...OPTIONS, '--public-url', url);
    assert.equal(env.PUBLIC_URL, url);
    assert.match(read('settings.env'), /^PUBLIC_URL=/m);
  }
  for (const url of ['http://shop.example', 'shop.example', 'https://shop.example/a', 'ftp://a']) {
    const { status, stderr } = run([...OPTIONS, '--public-url', url, '--out', '/nowhere']);
    assert.equal(status, 1, url);
    assert.match(stderr, /^ {2}--public-url must /m, url);
  }
});

test('a certificate that PostgreSQL should come from must be there', async (t) => {
  const { folder } = await newInstallation(t, '--compose');
  const file = join(folder, 'ca.pem');
  const withFile = (name: string) =>
    run([
      ...OPTIONS,
      '--postgres',
      `postgres://db/?sslrootcert=${name}`,
      '--out',
      `${folder}/other`,
    ]);
  assert.match(withFile(file).stderr, /--postgres names a sslrootcert that is not .*ca\.pem/);
  writeFileSync(file, '');
  assert.equal(withFile(file).status, 0);
});

test('for compose.yaml no option is needed', async (t) => {
  const { env, stdout, read } = await newInstallation(t, '--compose', ...ISSUER);
  assert.equal(env.KAFKA_BROKERS, 'kafka:9092');
  assert.equal(env.PUBLIC_URL, 'http://127.0.0.1:8080');
  assert.equal(new URL(env.ORDERS_DATABASE_URL as string).host, 'postgres:5432');
  assert.ok(env.POSTGRES_ADMIN_PASSWORD && env.IDENTITY_SECRET);
  assert.match(read('roles.sql'), /create database "orders" owner "orders_owner"/);
  assert.match(stdout, /docker compose up/);
});
