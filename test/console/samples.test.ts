import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf, rangeOf, type Sample, SPAN_MS, withSample } from '../../console/model/samples.ts';

const SIZE = { width: 100, height: 10 };

test('five minutes are remembered, and a reading counts once', () => {
  let samples: Sample[] = [];
  for (const at of [0, 1_000, 1_000, SPAN_MS, SPAN_MS + 1]) {
    samples = withSample(samples, { at, value: at });
  }
  assert.deepEqual(
    samples.map(({ at }) => at),
    [1_000, SPAN_MS, SPAN_MS + 1],
  );
});

test('the range leaves out what was not known', () => {
  assert.equal(rangeOf([]), null);
  assert.equal(rangeOf([{ at: 0, value: null }]), null);
  const samples = [4, null, 9, 2, null].map((value, at) => ({ at, value }));
  assert.deepEqual(rangeOf(samples), { min: 2, max: 9, last: 2 });
});

test('a line goes from five minutes ago to now, from zero to the greatest value', () => {
  const start = 1_000_000;
  const samples = [
    { at: start, value: 0 },
    { at: start + 10_000, value: 5 },
    { at: start + 20_000, value: 10 },
  ];
  assert.deepEqual(linesOf(samples, SIZE), ['M93.33 10L96.67 5L100 0']);
});

test('a missing sample is a gap, and so is a long pause', () => {
  const at = (seconds: number, value: number | null) => ({ at: seconds * 1_000, value });
  const lines = linesOf([at(0, 1), at(2, null), at(4, 1), at(6, 1), at(60, 1)], SIZE);
  assert.equal(lines.length, 3);
  assert.equal(lines[1]?.match(/[ML]/g)?.join(''), 'ML');
});

test('a line of zeros is drawn at the bottom', () => {
  assert.deepEqual(linesOf([{ at: 5, value: 0 }], SIZE), ['M100 10']);
  assert.deepEqual(linesOf([], SIZE), []);
});
