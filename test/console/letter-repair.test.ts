import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OperatorLetter } from '#contracts/notifications.ts';
import { outcomeOf, rowsWith } from '../../console/model/resend-outcome.ts';

const ATTEMPT = {
  startedAt: '2026-11-22T18:30:00Z',
  durationMs: 1,
  contactMs: null,
  outcome: 'permanent',
  response: null,
  error: null,
} as const;

function letterOf(id: string, changes: Partial<OperatorLetter>, attempts = 1): OperatorLetter {
  const list = Array.from({ length: attempts }, (_, index) => ({ ...ATTEMPT, number: index + 1 }));
  return { id, state: 'failed', attempts: list, ...changes } as OperatorLetter;
}

test('what became of a resend is known once its own attempt is recorded', () => {
  const outcome = (changes: Partial<OperatorLetter>, attempts: number) =>
    outcomeOf(letterOf('a', changes, attempts), 1);
  assert.equal(outcome({ state: 'queued' }, 1), 'waiting');
  assert.equal(outcome({ state: 'sending' }, 1), 'waiting');
  // Its state is recorded a moment before the attempt.
  assert.equal(outcome({ state: 'failed' }, 1), 'waiting');
  assert.equal(outcome({ state: 'failed' }, 2), 'failed');
  assert.equal(outcome({ state: 'queued' }, 2), 'later');
  assert.equal(outcome({ state: 'queued', waitsFor: 'confirmation' }, 1), 'later');
  assert.equal(outcome({ state: 'sent' }, 1), 'sent');
});

test('a letter that was sent again stays in its list, where it was', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((id) => letterOf(id, {}));
  assert.ok(a && b && c);
  const sent = { ...b, state: 'sent' } as const;
  const watched = new Map([['b', { letter: sent, since: 1 }]]);
  assert.deepEqual(rowsWith([c, b, a], watched), [c, sent, a]);
  assert.deepEqual(rowsWith([c, a], watched), [c, sent, a]);
  assert.deepEqual(rowsWith([], watched), [sent]);
});
