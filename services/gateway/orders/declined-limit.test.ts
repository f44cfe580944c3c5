import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '#platform/errors.ts';
import { createDeclinedLimit } from './declined-limit.ts';

function start(options: { perMinute: number; declinesMax?: number }) {
  let now = 1_000;
  const limit = createDeclinedLimit({ ...options, nowMs: () => now });
  return {
    ...limit,
    pass(ms: number) {
      now += ms;
    },
    /** Seconds of `Retry-After`; null where the order may go on. */
    refusal(customerId: string, key: string): string | null {
      try {
        limit.check(customerId, key);
        return null;
      } catch (error) {
        assert.ok(error instanceof AppError);
        assert.equal(error.problem.kind, 'too-many');
        return error.headers['retry-after'] ?? '';
      }
    },
  };
}

test('a customer has so many declines within any minute, others are not concerned', () => {
  const limit = start({ perMinute: 3 });
  for (const key of ['a', 'b', 'c']) {
    assert.equal(limit.refusal('anna', key), null);
    limit.count('anna', key);
    limit.pass(10_000);
  }
  assert.equal(limit.refusal('anna', 'd'), '30');
  assert.equal(limit.refusal('boris', 'd'), null);
  limit.pass(29_999);
  assert.equal(limit.refusal('anna', 'd'), '1');
  limit.pass(1);
  // The first of the three is a minute old.
  assert.equal(limit.refusal('anna', 'd'), null);
  limit.count('anna', 'd');
  assert.equal(limit.refusal('anna', 'e'), '10');
});

test('the key of a declined order goes on, and its repetition counts once', () => {
  const limit = start({ perMinute: 2 });
  for (const key of ['a', 'a', 'a', 'b', 'b']) {
    assert.equal(limit.refusal('anna', key), null);
    limit.count('anna', key);
  }
  assert.equal(limit.size(), 2);
  assert.equal(limit.refusal('anna', 'a'), null);
  assert.equal(limit.refusal('anna', 'c'), '60');
});

test('it remembers a minute, and no more declines than its maximum', () => {
  const limit = start({ perMinute: 10, declinesMax: 100 });
  for (let i = 0; i < 1_000; i++) {
    limit.count(`customer-${i % 200}`, `key-${i}`);
    assert.ok(limit.size() <= 100);
  }
  limit.pass(60_000);
  limit.count('anna', 'a');
  assert.equal(limit.size(), 1);
});
