import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DefectBench, startDefectBench } from './defect-test-bed.ts';
import { defects } from './defects.ts';

let bench: DefectBench;
before(async () => {
  bench = await startDefectBench(console.log);
});
after(() => bench?.close());

test('prove finds nothing in the product as it is', async () => {
  assert.deepEqual(await bench.find(null), []);
});

for (const defect of defects) {
  test(`prove turns red: ${defect.name}`, async () => {
    const violations = (await bench.find(defect, defect.points)).join('\n');
    for (const found of defect.found) assert.match(violations, found);
  });
}
