import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSecrets } from './secrets.ts';

test('drafts of secrets that a killed start left go, those of a live one stay', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'orderbell-secrets-'));
  t.after(() => rm(home, { recursive: true }));
  const dead = spawn(process.execPath, ['--version']);
  await once(dead, 'close');
  const live = `secrets.json.new-${process.ppid}`;
  const drafts = [live, `secrets.json.new-${dead.pid}`, `operator-password.new-${dead.pid}`];
  for (const name of drafts) await writeFile(join(home, name), '{');

  const first = await loadSecrets(home);
  await first.keepOperatorPassword();
  assert.deepEqual((await readdir(home)).sort(), ['operator-password', 'secrets.json', live]);
  const { secrets, fresh } = await loadSecrets(home);
  assert.deepEqual({ secrets, fresh }, { secrets: first.secrets, fresh: false });
});
