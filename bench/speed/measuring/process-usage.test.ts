import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cpuBetween, readUsage, sumOf } from './process-usage.ts';

// Reports after it has used 0.3 s of CPU time in a separate thread, and keeps running.
const WORKER = `
  const { isMainThread, parentPort, Worker } = require('node:worker_threads');
  if (isMainThread) {
    new Worker(__filename).once('message', () => process.stdout.write('done'));
    setInterval(() => {}, 60_000);
  } else {
    while (process.cpuUsage().user < 300_000);
    parentPort.postMessage('done');
  }`;

test('usage of grandchildren, threads included, counts under their own name', async (t) => {
  if (process.platform !== 'linux') return t.skip('there is no /proc');
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-usage-'));
  const script = join(folder, 'worker-main.cjs');
  await writeFile(script, WORKER);
  // As dev/run.cjs, which starts both the system and the bench, and must not name them.
  const launcher = join(folder, 'run.cjs');
  await writeFile(launcher, 'require(process.argv[2]);');
  const before = readUsage([process.pid]);
  // The shell waits for it and so is between us.
  const shell = spawn('sh', ['-c', '"$0" "$1" "$2"; true', process.execPath, launcher, script], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  t.after(async () => {
    process.kill(-(shell.pid as number), 'SIGKILL');
    await rm(folder, { recursive: true });
  });
  await once(shell.stdout, 'data');
  const after = readUsage([process.pid]);
  const used = cpuBetween(before, after);
  assert.ok((used.worker ?? 0) >= 0.25, JSON.stringify(used));
  assert.ok((after?.memoryMb.worker ?? 0) > 10, JSON.stringify(after));
  assert.ok(sumOf(used) >= (used.worker ?? 0));
  assert.equal(readUsage([shell.pid as number])?.cpuSeconds.worker !== undefined, true);
  assert.deepEqual(Object.keys(readUsage([])?.cpuSeconds ?? {}), []);
});
