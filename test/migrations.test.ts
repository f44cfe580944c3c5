import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { listReleased, readReleased } from '#harness/system/previous-release.ts';

const ROOT = join(import.meta.dirname, '..');
const files = globSync('{services,platform}/**/{migrations,audit}/*.sql', { cwd: ROOT }).sort();

/**
 * Changes that the release before cannot live with: it still writes the old shape, or reads it.
 * Expand in one release; contract in a later one, by a file whose first line says since when the
 * old shape is unused: `-- contract: unused since 0.2.0`.
 */
const CONTRACTS: [what: string, pattern: RegExp][] = [
  ['drops a table', /\bdrop\s+table\b/i],
  ['drops a column', /\bdrop\s+column\b/i],
  ['renames', /\brename\b/i],
  ['changes the type of a column', /\balter\s+column\s+\w+\s+(set\s+data\s+)?type\b/i],
  ['makes a column required', /\bset\s+not\s+null\b/i],
  ['drops a default', /\bdrop\s+default\b/i],
  [
    'adds a required column without a default',
    /\badd\s+column\s+(?![^,;]*\b(default|generated)\b)[^,;]*\bnot\s+null\b/i,
  ],
  ['adds a check to rows of the release before', /\badd\s+(constraint\s+\w+\s+)?check\b/i],
  ['makes values unique', /\bcreate\s+unique\s+index\b|\badd\s+(constraint\s+\w+\s+)?unique\b/i],
  ['empties a table', /\b(delete\s+from|truncate)\b/i],
];

const MARKED = /^-- contract: unused since \d+\.\d+\.\d+\n/;

function contractsIn(sql: string): string[] {
  const code = sql.replace(/--[^\n]*/g, '').replace(/'[^']*'/g, "''");
  // A table of this file has no rows of the release before.
  const own = [...code.matchAll(/create table (?:if not exists )?(\w+)/gi)].map(([, name]) => name);
  const statements = code
    .split(';')
    .filter((statement) => !own.some((name) => new RegExp(`\\b${name}\\b`).test(statement)));
  return CONTRACTS.filter(([, pattern]) => statements.some((text) => pattern.test(text))).map(
    ([what]) => what,
  );
}

test('a migration that is not of the previous release only expands', async () => {
  const released = new Set(
    [...(await listReleased('services')), ...(await listReleased('platform'))].filter((path) =>
      path.endsWith('.sql'),
    ),
  );
  assert.ok(released.size > 20, 'the previous release has migrations');
  for (const file of files.filter((path) => !released.has(path))) {
    const sql = await readFile(join(ROOT, file), 'utf8');
    if (!MARKED.test(sql)) assert.deepEqual(contractsIn(sql), [], file);
  }
});

test('a migration of the previous release is still there, byte for byte', async () => {
  const folders = ['services', 'platform'];
  for (const folder of folders) {
    for (const path of (await listReleased(folder)).filter((each) => each.endsWith('.sql'))) {
      assert.ok(files.includes(path), `${path} is gone`);
      assert.equal(await readFile(join(ROOT, path), 'utf8'), await readReleased(path), path);
    }
  }
});

test('the rule knows what the release before cannot live with', () => {
  for (const sql of [
    'alter table a drop column b;',
    'alter table a rename column b to c',
    'alter table a alter column b type bigint',
    'alter table a alter column b set not null',
    'alter table a add column b text not null',
    'alter table a add column b text not null, add column c text default 1',
    'create unique index on a (b)',
    'drop table a',
  ]) {
    assert.notDeepEqual(contractsIn(sql), [], sql);
  }
  for (const sql of [
    'alter table a add column b text',
    "alter table a add column b text not null default ''",
    'create table a (b text not null unique); create unique index on a (b);',
    'alter table a alter column b drop not null',
    'create index on a (b) -- drop table a',
  ]) {
    assert.deepEqual(contractsIn(sql), [], sql);
  }
});
