import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  joined,
  linesOf,
  rangeOf,
  type Sample,
  SPAN_MS,
  withSample,
} from '../../console/model/samples.ts';

const SIZE = { width: 100, height: 10 };

test('an hour is remembered, and a reading counts once', () => {
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

test('what the services recorded is continued by what the page reads, each moment once', () => {
  const samples = (...seconds: number[]) =>
    seconds.map((second) => ({ at: second * 1_000, value: second }));
  assert.deepEqual(joined(samples(10, 20), samples(12, 19, 21)), samples(10, 20, 21));
  assert.deepEqual(joined([], samples(5)), samples(5));
  assert.deepEqual(joined(samples(5), []), samples(5));
  const old = [{ at: 0, value: 1 }];
  assert.deepEqual(joined(old, [{ at: SPAN_MS, value: 2 }]), [{ at: SPAN_MS, value: 2 }]);
});

test('a line goes from an hour ago to now, from zero to the greatest value', () => {
  const start = 1_000_000_000;
  const samples = [
    { at: start, value: 0 },
    { at: start + 18_000, value: 5 },
    { at: start + 36_000, value: 10 },
  ];
  assert.deepEqual(linesOf(samples, SIZE), ['M99 10L99.5 5L100 0']);
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
