import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROVE = fileURLToPath(new URL('../prove.ts', import.meta.url));

// By hand it takes longer, and a new seed each time.
test('prove finds nothing: every crash point, and half a minute of faults under load', async (t) => {
  const child = spawn(process.execPath, [PROVE, '--minutes', '0.5', '--seed', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGTERM'));
  createInterface(child.stdout).on('line', (line) => t.diagnostic(line));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, 'what it found is among the lines of this test');
});
