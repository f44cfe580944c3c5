import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Layout } from '#harness/system/layout.ts';
import { filesBySuite, planOf, SUITES } from './suites.ts';

const ROOT = join(import.meta.dirname, '..');
const filesOf = (given: string[], wanted: Layout, chosen: Layout = 'one-process'): string[] =>
  planOf(given, chosen).groups.flatMap(({ layout, files }) => (layout === wanted ? files : []));

test('npm test and npm run test:rest run every test file once', () => {
  const all = globSync('{*,!(node_modules|.git|.orderbell)/**/*}.test.ts', { cwd: ROOT });
  assert.ok(all.length > 100);
  const once = [...filesOf([], 'one-process'), ...filesOf(['--rest'], 'one-process')];
  assert.deepEqual(once.sort(), all.sort());
});

test('the course scenario runs in every layout, regardless of the environment', () => {
  for (const layout of ['replicas', 'processes'] as const) {
    const files = filesOf(['--rest'], layout);
    assert.deepEqual(filesOf(['--rest'], layout, layout), files);
    assert.ok(files.includes('test/system/course-scenario.test.ts'), layout);
    assert.deepEqual(files, [...new Set(files)]);
    assert.deepEqual(filesOf([layout], layout).sort(), files.sort());
  }
});

test('each pattern of a suite matches a file', () => {
  const unused = SUITES.flatMap(({ files }) => files).filter(
    (pattern) =>
      globSync(pattern, { cwd: ROOT, exclude: (name) => name === 'node_modules' }).length === 0,
  );
  assert.deepEqual(unused, []);
  for (const [{ name }, files] of filesBySuite()) assert.ok(files.length > 0, name);
});
