import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { spawnNode } from './child-process.ts';
import { eventually } from './eventually.ts';

const MODULE = new URL('child-process.ts', import.meta.url).href;

// Writes to the file of its argument on a graceful stop.
const CHILD = `
  const { writeFileSync } = require('node:fs');
  process.on('SIGTERM', () => { writeFileSync(process.argv[1], 'stopped'); process.exit(); });
  setInterval(() => {}, 60_000);
  console.log('ready');`;

const PARENT = `
  const { spawnNode } = await import('${MODULE}');
  const child = spawnNode(['--eval', process.env.CHILD, process.env.FILE], { stopWithParent: true });
  child.child.stdout.on('data', () => console.log('ready'));`;

test('a process that exits with its parent stops gracefully when the parent is killed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-child-'));
  t.after(() => rm(folder, { recursive: true }));
  const FILE = join(folder, 'stopped');
  const env = { ...process.env, CHILD, FILE };
  const parent = spawnNode(['--input-type=module', '--eval', PARENT], { env });
  await once(parent.child.stdout as NodeJS.ReadableStream, 'data');
  parent.child.kill('SIGKILL');
  await parent.exited;
  const stopped = () => readFile(FILE, 'utf8').catch(() => undefined);
  assert.equal(await eventually('the end of the child', stopped), 'stopped');
});
