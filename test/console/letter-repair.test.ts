import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OperatorLetter } from '#contracts/notifications.ts';
import {
  letterAddressOf,
  letterFilterIn,
  letterQueryOf,
  NO_LETTER_FILTER,
} from '../../console/model/letter-filter.ts';
import { outcomeOf, rowsWith } from '../../console/model/resend-outcome.ts';

test('the filters of letters are in the address, without the default ones', () => {
  assert.deepEqual(letterFilterIn({}), NO_LETTER_FILTER);
  assert.deepEqual(letterAddressOf(NO_LETTER_FILTER), {});
  const query = { state: 'all', kind: 'grief', failure: 'no such', min: '1,50', cursor: 'x' };
  const filter = letterFilterIn(query);
  const { cursor: _, ...named } = query;
  assert.deepEqual(letterAddressOf(filter), named);
  assert.deepEqual(letterFilterIn({ state: 'lost', acknowledged: 'maybe' }), NO_LETTER_FILTER);
});

test('the API gets the filters in its own units', () => {
  const query = {
    acknowledged: 'no',
    min: '1,50',
    max: 'much',
    customer: ' c1 ',
    failure: ' 550 ',
  };
  const { from: _, until: __, ...asked } = letterQueryOf(letterFilterIn(query), 'RUB');
  assert.deepEqual(JSON.parse(JSON.stringify(asked)), {
    state: 'failed',
    acknowledged: 'false',
    failure: '550',
    minAmount: 150,
    customerId: 'c1',
  });
  const sent = letterQueryOf(letterFilterIn({ state: 'sent', acknowledged: 'no' }), 'RUB');
  assert.equal(sent.acknowledged, undefined);
});

test('both days of a range are within it, from midnight to midnight', () => {
  const asked = letterQueryOf(letterFilterIn({ from: '2026-12-31', until: '2026-12-31' }), 'RUB');
  const { from, until } = asked;
  assert.equal(new Date(String(from)).getTime(), new Date(2026, 11, 31).getTime());
  assert.equal(new Date(String(until)).getTime(), new Date(2027, 0, 1).getTime());
  assert.equal(letterQueryOf(letterFilterIn({ from: 'today' }), 'RUB').from, undefined);
});

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
