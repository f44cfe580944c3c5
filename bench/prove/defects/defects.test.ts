import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DefectTestBed } from './defect-test-bed.ts';
import { defects } from './defects.ts';

let testBed: DefectTestBed;
before(async () => {
  testBed = await DefectTestBed.start(console.log);
});
after(() => testBed?.close());

test('prove finds nothing in the product as it is', async () => {
  assert.deepEqual(await testBed.find(null), []);
});

for (const defect of defects) {
  test(`prove turns red: ${defect.name}`, async () => {
    const violations = (await testBed.find(defect, defect.points)).join('\n');
    for (const found of defect.found) assert.match(violations, found);
  });
}
