import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newUuidAt, timeOfUuid } from './uuid.ts';

test('a UUIDv7 yields its timestamp, another version none', () => {
  // The example of RFC 9562 appendix A.6.
  const moment = timeOfUuid('017F22E2-79B0-7CC3-98C4-DC0C0C07398F');
  assert.equal(moment?.toISOString(), '2022-02-22T19:22:22.000Z');
  assert.equal(timeOfUuid('919108f7-52d1-4320-9bac-f847db4148a8'), null);
});

test('a new UUIDv7 has its moment, and differs from all others of it', () => {
  for (const moment of [new Date(1), new Date('2022-02-22T19:22:22.123Z')]) {
    const [one, other] = [newUuidAt(moment), newUuidAt(moment)];
    assert.match(one, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(one, other);
    assert.deepEqual(timeOfUuid(one), moment);
  }
});
