import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApiDocument } from './api-document.ts';
import { coverageOf, readCounts } from './count-answers.ts';

const responses = { 200: {}, 202: {}, 404: {} };
const document = createApiDocument('gateway', {
  paths: {
    '/v1/cups': { get: { operationId: 'readCups', responses } },
    '/v1/saucers': { get: { operationId: 'readSaucers', responses } },
  },
});

test('an operation that only refused has no success, and its other answers were never seen', () => {
  const counts = new Map([
    ['gateway readCups 200', 5],
    ['gateway readCups 404 not-found', 2],
    ['gateway readSaucers 404 not-found', 1],
    ['orders readSaucers 200', 9],
  ]);
  assert.deepEqual(coverageOf(counts, document), {
    exchanges: 8,
    operations: 2,
    withoutSuccess: ['readSaucers'],
    neverSeen: new Map([
      ['readCups', ['202']],
      ['readSaucers', ['200', '202']],
    ]),
  });
});

test('the counts of all processes of a run are added', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-exchanges-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(
    join(folder, 'a.json'),
    '[["gateway readCups 200",1],["gateway readCups 202",1]]',
  );
  await writeFile(join(folder, 'b.json'), '[["gateway readCups 200",2]]');
  await writeFile(join(folder, 'answers.md'), '');
  assert.deepEqual(
    readCounts(folder),
    new Map([
      ['gateway readCups 200', 3],
      ['gateway readCups 202', 1],
    ]),
  );
  assert.deepEqual(readCounts(join(folder, 'none')), new Map());
});
