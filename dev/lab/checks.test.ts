import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checksOf, type Observed } from './checks.ts';

const PLACED: Observed = {
  faults: [],
  changed: false,
  answer: null,
  status: null,
  charges: null,
  letters: [],
  waited: null,
};
const HAPPINESS = { kind: 'happiness', state: 'sent' };

const shown = (seen: Partial<Observed>) =>
  checksOf({ ...PLACED, ...seen }).map(
    ({ name, expected, observed, ok }) => `${name} ${expected}, ${observed}: ${ok}`,
  );

test('what is not known yet is neither right nor wrong', () => {
  assert.deepEqual(shown({}), [
    'answer 201, null: null',
    'end Paid, null: null',
    'charges 1, null: null',
    'letter 1 happiness, null: null',
  ]);
  const open = { answer: { status: 202, afterMs: 1 }, status: 'Pending', charges: 0 } as const;
  const letters = [{ kind: 'happiness', state: 'queued' }];
  assert.deepEqual(shown({ ...open, faults: ['billing-slow'], letters }), [
    'answer 202, 202: true',
    'end Paid, null: null',
    'charges 1, null: null',
    'letter 1 happiness, null: null',
  ]);
});

test('each fault has its expected answer, end, charges and letters', () => {
  const paid = { answer: { status: 201, afterMs: 1 }, status: 'Paid', charges: 1 } as const;
  assert.deepEqual(shown({ ...paid, faults: ['answer-lost'], letters: [HAPPINESS] }), [
    'answer 201, 201: true',
    'end Paid, Paid: true',
    'charges 1, 1: true',
    'letter 1 happiness, 1 happiness: true',
  ]);
  const voided = { answer: { status: 202, afterMs: 1 }, status: 'Cancelled', charges: 0 } as const;
  const letters = [{ kind: 'grief', state: 'sent' }];
  assert.deepEqual(shown({ ...voided, faults: ['payment-lost'], letters }), [
    'answer 202, 202: true',
    'end Cancelled, Cancelled: true',
    'charges 0, 0: true',
    'letter 1 grief, 1 grief: true',
  ]);
  assert.deepEqual(shown({ ...paid, faults: ['broker-away'], waited: true }).slice(3), [
    'waits waits, waits: true',
    'letter 1 happiness, null: null',
  ]);
});

test('a second charge, an answer of another kind, a letter too many or too early are wrong', () => {
  const wrong = shown({
    faults: ['mail-hangs'],
    answer: { status: 503, afterMs: 1 },
    status: 'Paid',
    charges: 2,
    waited: false,
    letters: [HAPPINESS, HAPPINESS],
  });
  assert.deepEqual(wrong, [
    'answer 201, 503: false',
    'end Paid, Paid: true',
    'charges 1, 2: false',
    'waits waits, sent: false',
    'letter 1 happiness, 2 happiness: false',
  ]);
  const failed = { letters: [{ kind: 'happiness', state: 'failed' }] };
  assert.equal(shown(failed).at(-1), 'letter 1 happiness, failed: false');
});

test('where a switch was turned meanwhile only the rules of money and letters are checked', () => {
  const late = { changed: true, faults: ['payment-lost'], answer: { status: 201, afterMs: 1 } };
  assert.deepEqual(
    shown({ ...late, status: 'Paid', charges: 1, letters: [HAPPINESS] } as Partial<Observed>),
    ['charges 1, 1: true', 'letter 1 happiness, 1 happiness: true'],
  );
});
