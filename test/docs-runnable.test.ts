import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { ready, temporaryHome } from '#harness/system/start.ts';
import { pages, ROOT, type Runnable, runnablesOf } from './doc-pages.ts';

// Runs every command of README and the tutorials in a shell while `npm start` runs.

// Every request prints its status on standard error, unless the page prints it itself.
const CURL = `curl() { command curl -w '%{stderr}::status %{http_code}\\n' "$@"; }\n`;
const END = '::end';
const BLOCK_MS = 120_000;

/** One shell, as a reader has one terminal for a page. It ends at the first command that fails. */
async function openShell(t: TestContext, env: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-docs-'));
  const shell = spawn('bash', ['-eo', 'pipefail'], {
    cwd: ROOT,
    env: { ...process.env, ...env, XDG_CONFIG_HOME: folder },
  });
  const exited = once(shell, 'close');
  t.after(async () => {
    shell.stdin.end();
    await exited;
    await rm(folder, { recursive: true, force: true });
  });
  let [output, errors] = ['', ''];
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  // A shell that has ended takes no more commands: `run` says so.
  shell.stdin.on('error', () => {});
  shell.stdin.write(CURL);
  return {
    /** @returns what the block printed, and the statuses of its requests */
    async run({ page, commands }: Runnable): Promise<{ printed: string; statuses: number[] }> {
      [output, errors] = ['', ''];
      const file = join(folder, 'block.sh');
      await writeFile(file, commands);
      // Not from the shell's own input: a command that reads it would take the next block.
      shell.stdin.write(`. '${file}' </dev/null; echo ${END}; echo ${END} >&2\n`);
      await eventually(
        `the end of a block of ${page}`,
        async () => {
          const failed = shell.exitCode !== null;
          assert.ok(
            !failed,
            `${page}, exit code ${shell.exitCode}:\n${commands}${output}${errors}`,
          );
          return output.includes(END) && errors.includes(END);
        },
        BLOCK_MS,
      );
      const statuses = [...errors.matchAll(/^::status (\d{3})$/gm)];
      return { printed: output, statuses: statuses.map(([, status]) => Number(status)) };
    },
  };
}

const hasCurl = spawnSync('curl', ['--version']).status === 0;

test('the commands of README and the tutorials do what the pages say', {
  skip: !hasCurl && 'there is no curl',
}, async (t) => {
  const { home, start } = await temporaryHome(t);
  let system = start();
  const url = await ready(system);
  for (const page of pages) {
    const blocks = runnablesOf(page);
    if (blocks.length === 0) continue;
    const shell = await openShell(t, { ORDERBELL_URL: url, ORDERBELL_HOME: home });
    for (const block of blocks) {
      const { printed, statuses } = await shell.run(block);
      if (block.statuses.length > 0) {
        assert.deepEqual(statuses, block.statuses, `${block.page}:\n${block.commands}`);
      }
      for (const member of block.members) assert.ok(printed.includes(member), printed);
      if (!block.kills) continue;
      assert.equal(await system.exited, null, 'the page kills the system');
      system = start(new URL(url).port);
      assert.equal(await ready(system), url);
    }
  }
});
