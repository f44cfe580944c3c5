import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createProgram } from '../program.ts';
import { completionScript } from './completion.ts';

const program = await createProgram('ru', ['completion'], () => async () => {});

/** Calls the function of the script as bash does. */
async function completedBy(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-completion-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'completion.bash');
  await writeFile(file, completionScript(program, 'bash'));
  return (...words: string[]): string[] => {
    const script =
      `source '${file}'; COMP_WORDS=(orderbell "$@"); COMP_CWORD=$#; _orderbell; ` +
      'printf "%s " "\x24{COMPREPLY[@]}"';
    const { status, stderr, stdout } = spawnSync('bash', ['-c', script, 'bash', ...words], {
      encoding: 'utf8',
    });
    assert.deepEqual([status, stderr], [0, '']);
    return stdout.trim().split(' ').filter(Boolean);
  };
}

test('bash completes commands, options and their values', async (t) => {
  const complete = await completedBy(t);
  assert.ok(complete('').includes('top-up'));
  assert.deepEqual(complete('operator', 'ov'), ['overview']);
  assert.deepEqual(complete('--lang', 'en', 'operator', 'sea'), ['search']);
  assert.deepEqual(complete('operator', 'letter', ''), ['acknowledge']);
  assert.deepEqual(complete('operator', 'orders', '--st'), ['--status']);
  assert.deepEqual(complete('orders', '--status', ''), ['Pending', 'Paid', 'Cancelled']);
  assert.deepEqual(complete('orders', '--limit', ''), []);
  assert.deepEqual(complete('completion', ''), ['bash', 'zsh', 'fish']);
});

test('every script names every command and option', () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const script = completionScript(program, shell);
    for (const word of [
      'acknowledge',
      'discard',
      'letter-templates',
      'template-version',
      'whoami',
    ]) {
      assert.ok(script.includes(word), `${shell}: ${word}`);
    }
  }
});
