import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const NODE_PACKAGE = `node-${process.platform}-${process.arch}`;

test('a start that does not react to a signal is killed by the old Node that waits for it', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'orderbell-run-'));
  t.after(() => rm(root, { recursive: true }));
  const bin = join(root, 'node_modules', NODE_PACKAGE, 'bin');
  for (const folder of [bin, join(root, 'dev')]) await mkdir(folder, { recursive: true });
  await copyFile(join(import.meta.dirname, 'run.cjs'), join(root, 'dev', 'run.cjs'));
  await writeFile(join(bin, '..', 'package.json'), '{}');
  const old = join(root, 'old.cjs');
  await writeFile(
    old,
    `Object.defineProperty(process.versions, 'node', { value: '18.20.8' });
    delete process.execve;`,
  );
  const endless = `#!${process.execPath}
process.on('SIGTERM', () => {});
process.stdout.write(process.pid + '\\n', () => { for (;;) {} });
`;
  await writeFile(join(bin, 'node'), endless);
  await chmod(join(bin, 'node'), 0o755);
  const args = [`--require=${old}`, join(root, 'dev', 'run.cjs'), 'dev/start.ts'];
  const parent = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  parent.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const exited = once(parent, 'exit');
  const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(printed.toString());
  t.after(() => {
    parent.kill('SIGKILL');
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  parent.kill('SIGTERM');
  assert.deepEqual(await exited, [null, 'SIGKILL']);
  assert.match(said, new RegExp(`did not end within 15 s: process ${pid} is killed`));
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});
