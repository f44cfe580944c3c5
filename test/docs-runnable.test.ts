import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { freePort } from '#dev/files/free-port.ts';
import { ready, temporaryHome } from '#harness/system/start.ts';
import { pages, runnablesOf } from './doc-pages.ts';
import { openShell } from './doc-shell.ts';

// Runs every command of README and the tutorials in a shell while `npm start` runs.

// Every request prints its status on standard error, unless the page prints it itself.
const CURL = `curl() { command curl -w '%{stderr}::status %{http_code}\\n' "$@"; }\n`;
const STATUS = /^::status (\d{3})$/gm;
const hasCurl = spawnSync('curl', ['--version']).status === 0;

test('the commands of README and the tutorials do what the pages say', {
  skip: !hasCurl && 'there is no curl',
}, async (t) => {
  const { home, start } = await temporaryHome(t);
  let system = start(String(await freePort()));
  const url = await ready(system);
  for (const page of pages) {
    const blocks = runnablesOf(page);
    if (blocks.length === 0) continue;
    const env = { ORDERBELL_URL: url, ORDERBELL_HOME: home };
    const shell = await openShell(t, { env, prelude: CURL });
    for (const block of blocks) {
      const { printed, errors } = await shell.run(block.page, block.commands);
      const statuses = [...errors.matchAll(STATUS)].map(([, status]) => Number(status));
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
