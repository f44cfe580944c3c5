import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Overview } from '#contracts/operator.ts';
import {
  knownWith,
  lagOf,
  NOTHING_KNOWN,
  urgencies,
  waitingOf,
} from '../../console/model/overview.ts';

type Orders = NonNullable<Overview['orders']>;
type Notifications = NonNullable<Overview['notifications']>;

const ORDERS: Orders = {
  latest: { counted: 3, max: 100, pending: 1, paid: 1, cancelled: 1 },
  rates: { placed: 1, paid: 1, cancelled: 0 },
  pending: { total: 1, oldestMs: 9_999, byAge: [] },
  outbox: { unpublished: 3, oldestMs: 9_999 },
};
const NOTIFICATIONS: Notifications = {
  letters: { max: 100, queued: 3, sending: 2, sent: 100, failed: 0 },
  oldestWaitingMs: 59_999,
  sentPerSecond: 1,
  deadLetters: 0,
  lag: [
    { partition: 0, position: 5, end: 500, lag: 495 },
    { partition: 1, position: 5, end: 509, lag: 504 },
  ],
};
const QUIET = {
  pending: 'quiet',
  outbox: 'quiet',
  lag: 'quiet',
  waiting: 'quiet',
  failed: 'quiet',
  deadLetters: 'quiet',
};

function overviewOf(orders: Partial<Orders>, notifications: Partial<Notifications>): Overview {
  return {
    at: '2026-11-22T18:30:00Z',
    orders: { ...ORDERS, ...orders },
    notifications: { ...NOTIFICATIONS, ...notifications },
  };
}

test('work in progress needs no attention', () => {
  assert.deepEqual(urgencies(overviewOf({}, {})), QUIET);
});

test('old work is late, and then stuck', () => {
  const ages = (ms: number, letterMs: number) => {
    const pending = { ...ORDERS.pending, oldestMs: ms };
    const outbox = { unpublished: 1, oldestMs: ms };
    return urgencies(overviewOf({ pending, outbox }, { oldestWaitingMs: letterMs }));
  };
  const late = { pending: 'wait', outbox: 'wait', waiting: 'wait' };
  assert.deepEqual(ages(10_000, 60_000), { ...QUIET, ...late });
  const stuck = { pending: 'bad', outbox: 'bad', waiting: 'bad' };
  assert.deepEqual(ages(60_000, 600_000), { ...QUIET, ...stuck });
});

test('failed letters and dead letters need attention at once', () => {
  const letters = { ...NOTIFICATIONS.letters, failed: 1 };
  const found = urgencies(overviewOf({}, { letters, deadLetters: 1 }));
  assert.deepEqual(found, { ...QUIET, failed: 'bad', deadLetters: 'bad' });
});

test('failed letters that an operator has acknowledged need no attention', () => {
  const letters = { ...NOTIFICATIONS.letters, failed: 2 };
  assert.deepEqual(urgencies(overviewOf({}, { letters, unacknowledged: 0 })), QUIET);
  const found = urgencies(overviewOf({}, { letters, unacknowledged: 1 }));
  assert.deepEqual(found, { ...QUIET, failed: 'bad' });
});

test('a part that is away keeps its last known figures, with their time', () => {
  const first = knownWith(NOTHING_KNOWN, overviewOf({}, {}));
  assert.deepEqual(first.orders, { value: ORDERS, at: '2026-11-22T18:30:00Z', stale: false });
  const away = { ...overviewOf({}, { deadLetters: 3 }), at: '2026-11-22T18:30:02Z', orders: null };
  const second = knownWith(first, away);
  assert.deepEqual(second.orders, { value: ORDERS, at: '2026-11-22T18:30:00Z', stale: true });
  assert.equal(second.notifications?.value.deadLetters, 3);
  assert.equal(second.notifications?.stale, false);
  assert.equal(knownWith(second, { ...away, orders: ORDERS }).orders?.stale, false);
  assert.deepEqual(knownWith(NOTHING_KNOWN, { ...away, notifications: null }), NOTHING_KNOWN);
});

test('the lag sums all partitions; a long or unknown lag is shown as a problem', () => {
  assert.equal(lagOf(NOTIFICATIONS), 999);
  const long = [...(NOTIFICATIONS.lag ?? []), { partition: 2, position: 0, end: 1, lag: 1 }];
  assert.deepEqual(urgencies(overviewOf({}, { lag: long })), { ...QUIET, lag: 'wait' });
  assert.equal(lagOf({ ...NOTIFICATIONS, lag: null }), null);
  assert.deepEqual(urgencies(overviewOf({}, { lag: null })), { ...QUIET, lag: 'wait' });
});

test('figures of unavailable services raise no alarm', () => {
  assert.deepEqual(urgencies({ at: '', orders: null, notifications: null }), QUIET);
});

test('letters are counted up to a limit', () => {
  assert.deepEqual(waitingOf(NOTIFICATIONS), { count: 5, capped: false });
  const letters = { ...NOTIFICATIONS.letters, queued: 100 };
  assert.deepEqual(waitingOf({ ...NOTIFICATIONS, letters }), { count: 102, capped: true });
});
