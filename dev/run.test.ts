import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

const SOURCES = join(import.meta.dirname, '..');
const NODE_PACKAGE = `node-${process.platform}-${process.arch}`;

/** A checkout with nothing in it but what run.cjs reads, where Node believes to be an old one. */
async function makeCheckout(t: TestContext, name = 'checkout') {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-run-'));
  t.after(() => rm(folder, { recursive: true }));
  const root = join(folder, name);
  await mkdir(join(root, 'dev'), { recursive: true });
  await copyFile(join(SOURCES, 'dev', 'run.cjs'), join(root, 'dev', 'run.cjs'));
  await copyFile(join(SOURCES, 'package.json'), join(root, 'package.json'));
  const old = join(folder, 'old.cjs');
  await writeFile(old, `Object.defineProperty(process.versions, 'node', { value: '18.20.8' });`);
  return {
    root,
    run(words: string[], { asOld = false, env = {} } = {}) {
      const args = [...(asOld ? [`--require=${old}`] : []), join(root, 'dev', 'run.cjs'), ...words];
      const options = { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } } as const;
      const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
      return { status, said: (stdout + stderr).trim() };
    },
  };
}

test('an old Node without the package of the right one says so in one line', async (t) => {
  const { run } = await makeCheckout(t);
  const { status, said } = run(['dev/start.ts'], { asOld: true });
  assert.equal(status, 1);
  assert.match(said, /^Orderbell runs on Node 26, and this is Node 18\.20\.8\. .*npm install.*"$/);
  const prepare = run(['dev/start/console.ts'], {
    asOld: true,
    env: { npm_lifecycle_event: 'prepare' },
  });
  assert.equal(prepare.status, 0);
});

test('an old Node hands over, with options, arguments and exit code', async (t) => {
  const { root, run } = await makeCheckout(t);
  const bin = join(root, 'node_modules', NODE_PACKAGE, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, '..', 'package.json'), '{}');
  await writeFile(join(bin, 'node'), '#!/bin/sh\nshift\necho "$@"\nexit 3\n');
  await chmod(join(bin, 'node'), 0o755);
  const { status, said } = run(['cli/orderbell.ts', '--item', 'a b'], { asOld: true });
  assert.equal(status, 3);
  assert.equal(said, `${join(root, 'dev', 'run.cjs')} cli/orderbell.ts --item a b`);
});

test('missing packages are named, those of development only where they are needed', async (t) => {
  const { run } = await makeCheckout(t);
  const { scripts } = JSON.parse(await readFile(join(SOURCES, 'package.json'), 'utf8'));
  for (const name of ['prepare', 'start', 'demo', 'orderbell', 'kafka']) {
    const [, words] = /dev\/run\.cjs (.+)/.exec(scripts[name]) as RegExpExecArray;
    const { said } = run((words as string).split(' '));
    assert.match(said, /^npm packages are missing \(.*\): run "npm install"$/, name);
  }
  assert.match(run(['test/run.ts']).said, /: run "npm install --include=dev"$/);
});

test('with --env the settings in .env are read, and those of the environment win', async (t) => {
  const { root, run } = await makeCheckout(t);
  const { dependencies } = JSON.parse(await readFile(join(SOURCES, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    await mkdir(join(root, 'node_modules', name), { recursive: true });
    await writeFile(join(root, 'node_modules', name, 'package.json'), '{}');
  }
  await mkdir(join(root, 'cli'));
  const script = 'const { A, B } = process.env; console.log(process.argv.slice(2), A, B);';
  await writeFile(join(root, 'cli', 'orderbell.ts'), script);
  const words = ['cli/orderbell.ts', '--item', 'a b'];
  assert.equal(run(['--env', ...words]).said, "[ '--item', 'a b' ] undefined undefined");
  await writeFile(join(root, '.env'), 'A="of the file"\nB="of the file"\n');
  const env = { B: 'of the environment' };
  assert.equal(
    run(['--env', ...words], { env }).said,
    "[ '--item', 'a b' ] of the file of the environment",
  );
  assert.equal(run(words, { env }).said, "[ '--item', 'a b' ] undefined of the environment");
});

test('a path in which Node finds no modules is named', async (t) => {
  const { run } = await makeCheckout(t, 'a*b');
  const { status, said } = run(['dev/start.ts']);
  assert.equal(status, 1);
  assert.match(said, /^Node finds no modules in .*a\*b, whose path has a \*: rename the folder$/);
});

test('npm start fills the compile cache first, and again after a source has changed', async (t) => {
  const { root, run } = await makeCheckout(t);
  for (const name of ['contracts', 'platform', 'services']) await mkdir(join(root, name));
  await symlink(join(SOURCES, 'node_modules'), join(root, 'node_modules'));
  const started = join(root, 'started.txt');
  const saveStart = () =>
    writeFile(
      join(root, 'dev', 'start.ts'),
      `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(started)}, (process.argv[2] ?? 'start') + ' ')`,
    );
  const env = { NODE_COMPILE_CACHE: join(root, 'cache') };
  const start = () => assert.deepEqual(run(['dev/start.ts'], { env }), { status: 0, said: '' });
  await saveStart();
  start();
  start();
  assert.equal(await readFile(started, 'utf8'), '--compile start start ');
  await saveStart();
  start();
  assert.equal(await readFile(started, 'utf8'), '--compile start start --compile start ');
});
