#!/usr/bin/env node
'use strict';

// The command `orderbell` of the npm package. Plain JavaScript, so that every Node can run it.

const { join } = require('node:path');
const { start } = require('../../package.json').orderbell;
const { ROOT, run } = require('../run.cjs');

// The commands that run a system; all others are the command line's (cli/program.ts).
const SCRIPTS = {
  start: 'dev/start.js',
  demo: 'dev/demo/demo.js',
  kafka: 'dev/kafka/kafka.js',
  'database-roles': 'dev/postgres/roles.js',
};

const words = process.argv.slice(2);
const [name] = words;
const asksHelp = words.includes('--help') || words.includes('-h');
const ours = Object.hasOwn(SCRIPTS, name) && !asksHelp;
const isStart = ours && name === 'start';
run({
  entry: __filename,
  words,
  script: join(ROOT, ours ? SCRIPTS[name] : 'cli/orderbell.js'),
  args: ours ? words.slice(1) : words,
  readsEnv: true,
  isStart,
  // Of the script `start` in the checkout's package.json.
  ...(isStart && start),
});
