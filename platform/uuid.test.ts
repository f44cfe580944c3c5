import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import { firstUuidAt, timeOfUuid } from './uuid.ts';

test('a UUIDv7 tells its moment, another version none', () => {
  // The example of RFC 9562 appendix A.6.
  const moment = timeOfUuid('017F22E2-79B0-7CC3-98C4-DC0C0C07398F');
  assert.equal(moment?.toISOString(), '2022-02-22T19:22:22.000Z');
  assert.equal(timeOfUuid('919108f7-52d1-4320-9bac-f847db4148a8'), null);
});

test('the first UUIDv7 of a moment is below all others of it, and above those before', () => {
  const moment = new Date('2022-02-22T19:22:22.000Z');
  const first = firstUuidAt(moment);
  assert.deepEqual(timeOfUuid(first), moment);
  assert.ok(first < '017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  assert.ok(first > '017f22e2-79af-7fff-bfff-ffffffffffff');
  const before = firstUuidAt(new Date());
  assert.ok(before < randomUUIDv7());
  // The short numbers of early moments keep their places.
  assert.deepEqual(timeOfUuid(firstUuidAt(new Date(1))), new Date(1));
});
