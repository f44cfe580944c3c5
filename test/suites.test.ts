import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { filesBySuite, planOf, SUITES } from './suites.ts';

const ROOT = join(import.meta.dirname, '..');
const filesOf = (given: string[]): string[] =>
  planOf(given)
    .filter(({ layout }) => layout === 'one-process')
    .flatMap(({ groups }) => groups.flat());

test('npm test and npm run test:rest run every test file once', () => {
  const all = globSync('{*,!(node_modules|.git|.orderbell)/**/*}.test.ts', { cwd: ROOT });
  assert.ok(all.length > 100);
  assert.deepEqual([...filesOf([]), ...filesOf(['--rest'])].sort(), all.sort());
});

test('the tests of the whole system run with several processes of each service too', () => {
  const replicas = planOf(['--rest']).find(({ layout }) => layout === 'replicas');
  assert.deepEqual(
    replicas?.groups.flat().sort(),
    globSync('test/system/*.test.ts', { cwd: ROOT }).sort(),
  );
});

test('each pattern of a suite means a file', () => {
  const unused = SUITES.flatMap(({ files }) => files).filter(
    (pattern) =>
      globSync(pattern, { cwd: ROOT, exclude: (name) => name === 'node_modules' }).length === 0,
  );
  assert.deepEqual(unused, []);
  for (const [{ name }, files] of filesBySuite()) assert.ok(files.length > 0, name);
});
