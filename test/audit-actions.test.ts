import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { audit } from '../console/texts/audit.ts';

const ROOT = join(import.meta.dirname, '..');

/** The first cells of the table of actions; `repair-…` are steps with a page of their own. */
function describedActions(): Set<string> {
  const page = readFileSync(join(ROOT, 'docs/reference/audit.md'), 'utf8');
  const [, table = ''] = /## Actions\n([\s\S]*?)\n- /.exec(page) ?? [];
  const cells = [...table.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = '']) => cell);
  return new Set(cells.flatMap((cell) => cell.match(/[a-z-]+[a-z](?=`)/g) ?? []));
}

/** Actions that the code of services records by a name of their own. */
function recordedActions(): Set<string> {
  const files = globSync('services/**/*.ts', { cwd: ROOT }).filter(
    (file) => !/\.test\./.test(file),
  );
  const texts = files.map((file) => readFileSync(join(ROOT, file), 'utf8')).join('\n');
  return new Set([...texts.matchAll(/\baction: '([a-z-]+)'/g)].map(([, action = '']) => action));
}

test('every action of the audit trail is described, and has a label in both languages', () => {
  const described = describedActions();
  const recorded = recordedActions();
  assert.ok(recorded.size > 5, 'the actions were not found');
  assert.deepEqual([...recorded.difference(described)], [], 'name it in docs/reference/audit.md');
  for (const [language, { actions }] of Object.entries(audit)) {
    const missing = [...described].filter((action) => actions[action] === undefined);
    assert.deepEqual(missing, [], `name it in console/texts/audit.ts, ${language}`);
  }
});
