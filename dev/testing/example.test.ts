import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { spawnNode } from '#harness/child-process.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = join(ROOT, 'docs', 'how-to', 'test-with-orderbell.md');
const KIT = new URL('testing.ts', import.meta.url).href;

test('the test on the page about the test kit passes', async (t) => {
  const page = await readFile(PAGE, 'utf8');
  const [, example = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(page) ?? [];
  assert.match(example, /'orderbell\/testing'/);
  const folder = await mkdtemp(join(tmpdir(), 'kit-example-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'orders.test.ts');
  await writeFile(file, example.replace('orderbell/testing', KIT));
  // Its prepared data are where a user's are, below this checkout.
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const run = spawnNode(['--test', file], {
    env: { ...env, XDG_CACHE_HOME: join(ROOT, '.orderbell') },
  });
  assert.equal(await run.exited, 0, run.printed());
  assert.match(run.printed(), /pass 1\n/);
});
