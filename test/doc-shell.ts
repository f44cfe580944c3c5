import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { ROOT } from './doc-pages.ts';

// Types the commands of a page into a shell, as a reader does.

const END = '::end';
const BLOCK_MS = 120_000;

export interface ShellOptions {
  env: Record<string, string>;
  cwd?: string;
  /** Commands that come first, such as functions that replace programs. */
  prelude?: string;
}

/** One shell, as a reader has one terminal for a page. It ends at the first command that fails. */
export async function openShell(t: TestContext, { env, cwd = ROOT, prelude = '' }: ShellOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-docs-'));
  const shell = spawn('bash', ['-eo', 'pipefail'], {
    cwd,
    env: { ...process.env, XDG_CONFIG_HOME: folder, ...env },
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
  shell.stdin.write(prelude);
  return {
    /** @returns what a block of a page printed to each stream. */
    async run(
      page: string,
      commands: string,
      input = '',
    ): Promise<{ printed: string; errors: string }> {
      assert.equal(shell.exitCode, null, `an earlier block has ended the shell of ${page}`);
      [output, errors] = ['', ''];
      const [file, answers] = [join(folder, 'block.sh'), join(folder, 'input')];
      await writeFile(file, commands);
      await writeFile(answers, input);
      // Not from the shell's own input: a command that reads it would take the next block.
      shell.stdin.write(`. '${file}' <'${answers}'; echo ${END}; echo ${END} >&2\n`);
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
      const [printed = '', complaints = ''] = [output, errors].map((text) => text.split(END)[0]);
      return { printed, errors: complaints };
    },
  };
}
