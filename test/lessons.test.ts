import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { ready, temporaryHome } from '#harness/system/start.ts';
import { pages } from './doc-pages.ts';
import { openShell } from './doc-shell.ts';

// Runs the commands of docs/lessons in a shell, while `npm start -- --lab` runs.

const hasCurl = spawnSync('curl', ['--version']).status === 0;
// As in dev/lab/lab.slow.test.ts: a lesson about recovery takes seconds instead of half a minute.
const SETTINGS = {
  ORDER_DEADLINE_MS: '3000',
  RECOVERY_AGE_MS: '4000',
  RECOVERY_INTERVAL_MS: '300',
};

/** The commands of a lesson, and the JSON members that their comments announce. */
function lessonOf(text: string): { commands: string; members: string[] } {
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  const commands = blocks.filter((block) => !block.startsWith('npm ')).join('\n');
  const comments = commands.match(/^ *# .*$/gm)?.join('\n') ?? '';
  return { commands, members: comments.match(/"\w+":(?:"[^"]*"|\w+)/g) ?? [] };
}

test('the commands of the lessons do what the lessons say', {
  skip: !hasCurl && 'there is no curl',
}, async (t) => {
  const { home, start } = await temporaryHome(t);
  const url = await ready(start('0', SETTINGS, ['--lab']));
  const env = { ORDERBELL_URL: url, ORDERBELL_HOME: home };
  const found = pages.filter(({ path }) => path.startsWith('docs/lessons/'));
  const [lessons, [preparation]] = [
    found.filter(({ path }) => !path.endsWith('README.md')),
    found.filter(({ path }) => path.endsWith('README.md')),
  ];
  assert.equal(lessons.length, 5);
  for (const { path, text } of lessons) {
    const shell = await openShell(t, { env });
    await shell.run(path, lessonOf(preparation?.text ?? '').commands);
    const { commands, members } = lessonOf(text);
    assert.ok(members.length > 0, path);
    const { printed } = await shell.run(path, commands);
    for (const member of members)
      assert.ok(printed.includes(member), `${path}: ${member}\n${printed}`);
    assert.doesNotMatch(printed, /"ok":false/, path);
  }
});
