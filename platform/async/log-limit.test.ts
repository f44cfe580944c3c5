import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogLimit } from './log-limit.ts';

test('a kind has one line a minute, with the number of those in between', () => {
  let now = 0;
  const countForLine = createLogLimit({ nowMs: () => now });
  assert.deepEqual(['a', 'a', 'b', 'a'].map(countForLine), [1, 0, 1, 0]);
  now = 59_999;
  assert.equal(countForLine('a'), 0);
  now = 60_000;
  assert.deepEqual(['a', 'a', 'b'].map(countForLine), [4, 0, 1]);
});

test('endless kinds take bounded memory: the oldest is forgotten', () => {
  const countForLine = createLogLimit();
  for (let kind = 0; kind <= 200; kind++) countForLine(String(kind));
  assert.deepEqual(['200', '0'].map(countForLine), [0, 1]);
});
