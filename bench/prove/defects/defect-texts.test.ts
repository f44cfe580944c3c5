import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { defects } from './defects.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

test('the product has the text of every planted defect exactly once', () => {
  const counts = defects.map(({ name, file, from }) => {
    const places = readFileSync(join(ROOT, file), 'utf8').split(from).length - 1;
    return `${name}: ${places} in ${file}`;
  });
  assert.deepEqual(
    counts.filter((line) => !line.includes(': 1 in ')),
    [],
  );
});
