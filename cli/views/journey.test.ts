import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JourneyStep } from '#contracts/journey.ts';
import { withoutRetries } from './journey.ts';

const step = (kind: JourneyStep['kind'], more: Partial<JourneyStep> = {}): JourneyStep => ({
  kind,
  from: 'notifications',
  to: 'smtp',
  at: '2026-03-05T09:00:00.000Z',
  outcome: 'done',
  detail: null,
  attempt: null,
  ...more,
});

/** As the API gives them: three steps of each attempt. */
const attempt = (
  number: number,
  outcome: JourneyStep['outcome'],
  detail: string,
): JourneyStep[] => [
  step('contact', { attempt: number, to: 'profiles' }),
  step('send', { attempt: number, at: `2026-03-05T09:0${number}:00.000Z` }),
  step('reply', { attempt: number, outcome, detail }),
];

test('the attempts before the last one become one row', () => {
  const steps = [
    step('request'),
    ...attempt(1, 'failed', '450 busy'),
    ...attempt(2, 'failed', '451 later'),
    ...attempt(3, 'done', '250 ok'),
  ];
  const rows = withoutRetries(steps);
  assert.deepEqual(
    rows.map(({ attempts, detail, kind, outcome }) => [kind, attempts, outcome, detail]),
    [
      ['request', undefined, 'done', null],
      ['send', [1, 2], 'failed', '451 later'],
      ['contact', undefined, 'done', null],
      ['send', undefined, 'done', null],
      ['reply', undefined, 'done', '250 ok'],
    ],
  );
});

test('a letter of one attempt has all its steps', () => {
  const steps = [step('request'), ...attempt(1, 'done', '250 ok')];
  assert.deepEqual(withoutRetries(steps), steps);
  assert.deepEqual(withoutRetries([]), []);
});
