import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { missingTools } from './tools.ts';

test('a run names each program that its files need and the machine lacks', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-tools-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'some.test.ts');
  await writeFile(file, ['haproxy', 'promtool'].map((name) => `skipWithout('${name}')`).join('\n'));
  const here = join(folder, 'here');
  await writeFile(here, '');
  await chmod(here, 0o755);
  process.env.HAPROXY = here;
  t.after(() => delete process.env.HAPROXY);
  assert.ok(!missingTools([file]).some((line) => line.startsWith('haproxy')));
  assert.ok(!missingTools([file]).some((line) => line.startsWith('postfix')));
  assert.deepEqual(missingTools([here]), []);
});
