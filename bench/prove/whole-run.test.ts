import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROVE = fileURLToPath(new URL('../prove.ts', import.meta.url));

const ARGUMENTS = ['--max-old-space-size=8192', PROVE, '--minutes', '0.5', '--seed', '1'];
// One test that takes six minutes while others run: an hour is ten times as long.
const TIMEOUT_MS = 3_600_000;

test('prove finds nothing: every crash point, and half a minute of faults under load', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const child = spawn(process.execPath, ARGUMENTS, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGTERM'));
  createInterface(child.stdout).on('line', (line) => t.diagnostic(line));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, 'what it found is among the lines of this test');
});
