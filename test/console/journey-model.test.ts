import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Journey } from '#contracts/gateway.ts';
import type { JourneyStep } from '#contracts/journey.ts';
import { formatCountdown, formatMoment, formatPeriod } from '../../console/model/format.ts';
import { endingOf, nextOf, partsOf, type Row } from '../../console/model/journey.ts';
import { lengthOf, timed } from '../../console/model/journey-time.ts';
import { journeyAsText } from '../../console/parts/journey-text.ts';
import { journey as texts } from '../../console/texts/journey.ts';

const START = Date.parse('2026-11-29T10:00:00.000Z');
const at = (ms: number) => new Date(START + ms).toISOString();

const ROUTES = {
  request: ['client', 'gateway'],
  create: ['gateway', 'orders'],
  recover: ['gateway', 'gateway'],
  decide: ['gateway', 'billing'],
  record: ['gateway', 'orders'],
  answer: ['gateway', 'client'],
  publish: ['orders', 'broker'],
  receive: ['broker', 'notifications'],
  contact: ['notifications', 'profiles'],
  send: ['notifications', 'smtp'],
  reply: ['smtp', 'notifications'],
} as const;

function step(
  kind: JourneyStep['kind'],
  ms: number | null,
  more: Partial<JourneyStep> = {},
): JourneyStep {
  const [from, to] = ROUTES[kind];
  const moment = ms === null ? null : at(ms);
  return { kind, from, to, at: moment, outcome: 'done', detail: null, attempt: null, ...more };
}

const PLACED = [step('request', null), step('create', 0), step('decide', 8), step('record', 20)];
const PAID = [...PLACED, step('answer', null), step('publish', 30), step('receive', 34)];

/** As the gateway lists an attempt: the answer ends it. */
function attempt(number: number, ms: number, outcome: JourneyStep['outcome'] = 'failed') {
  return [
    step('contact', ms, { attempt: number }),
    step('send', ms + 5, { attempt: number }),
    step('reply', ms + 50, { attempt: number, outcome, detail: '450 try later' }),
  ];
}

const rowsOf = (steps: JourneyStep[], name: 'sync' | 'async'): Row[] =>
  partsOf(steps).find((part) => part.name === name)?.rows ?? [];

function textOf(row: Row): string {
  return row.type === 'step' ? row.timed.step.kind : row.type;
}

test('twelve attempts are one row, which names the first, the last and its answer', () => {
  const tries = Array.from({ length: 12 }, (_, index) => attempt(index + 1, 100 + index * 500_000));
  const waiting = step('send', null, { attempt: 13, outcome: 'waiting' });
  const rows = rowsOf([...PAID, ...tries.flat(), waiting], 'async');
  assert.deepEqual(rows.map(textOf), ['publish', 'receive', 'attempts', 'send']);
  const row = rows[2];
  assert.ok(row?.type === 'attempts');
  assert.equal(row.count, 12);
  assert.equal(row.attempts.length, 12);
  assert.equal(row.firstAt, at(100));
  assert.equal(row.lastAt, at(100 + 11 * 500_000));
  assert.equal(row.last.detail, '450 try later');
  assert.equal(row.scaleMs, 11 * 500_000 + 50);
});

test('the count is of all attempts, also where the answer lists only the latest', () => {
  const [row] = rowsOf([...attempt(71, 0), ...attempt(72, 9_000)], 'async');
  assert.ok(row?.type === 'attempts');
  assert.deepEqual([row.count, row.attempts.length], [72, 2]);
});

test('a single attempt keeps its steps', () => {
  const rows = rowsOf([...PAID, ...attempt(1, 100, 'done')], 'async');
  assert.deepEqual(rows.map(textOf), ['publish', 'receive', 'contact', 'send', 'reply']);
});

test('no step happens before its cause, whatever the clocks say', () => {
  // The relay records late, and the clock of notifications is an hour behind.
  for (const receivedMs of [25, -3_600_000]) {
    const steps = [
      ...PLACED,
      step('publish', 90),
      step('receive', receivedMs),
      ...attempt(1, receivedMs + 1),
    ];
    const moments = timed(steps).flatMap(({ sinceStartMs }) => sinceStartMs ?? []);
    assert.deepEqual(
      moments,
      moments.toSorted((a, b) => a - b),
    );
    const bars = timed(steps).flatMap(({ span }) => span?.fromMs ?? []);
    assert.deepEqual(
      bars,
      bars.toSorted((a, b) => a - b),
    );
  }
});

test('an event is shown as published when it was delivered, not when that was recorded', () => {
  const [publish, receive] = timed([...PLACED, step('publish', 90), step('receive', 25)]).slice(-2);
  assert.deepEqual([publish?.sinceStartMs, publish?.adjusted], [25, true]);
  assert.deepEqual([receive?.sinceStartMs, receive?.adjusted], [25, false]);
});

test('a recorded duration is exact; without one it is the time between two records', () => {
  const [, create, decide, record] = timed([
    ...PLACED.slice(0, 2),
    step('decide', 8, { durationMs: 3 }),
    step('record', 20),
  ]);
  assert.equal(create?.duration, null);
  assert.deepEqual(decide?.duration, { ms: 3, recorded: true });
  assert.deepEqual(decide?.span, { fromMs: 5, toMs: 8 });
  assert.deepEqual(record?.duration, { ms: 12, recorded: false });
});

test('bars are to the scale of their part, and a long wait is a row instead of a part of it', () => {
  const steps = [
    ...PLACED.slice(0, 2),
    step('recover', 30_000),
    step('decide', 30_010),
    step('record', 30_040),
    step('publish', 7_230_040),
  ];
  const [sync, later] = partsOf(steps);
  assert.deepEqual(sync?.rows.map(textOf), [
    ...['request', 'create', 'pause', 'recover', 'decide', 'record'],
  ]);
  assert.equal(sync?.scaleMs, 40);
  const bars = sync?.rows.map((row) => (row.type === 'step' ? row.bar : null));
  assert.deepEqual(bars?.slice(4), [
    { left: 0, width: 0.25 },
    { left: 0.25, width: 0.75 },
  ]);
  assert.deepEqual(later?.rows[0], { type: 'pause', key: 'pause-0', ms: 7_200_000 });
});

test('every bar is inside of its scale', () => {
  const tries = [1, 2, 3].flatMap((number) => attempt(number, number * 60_000));
  for (const { rows } of partsOf([...PAID, ...tries, step('send', null, { attempt: 4 })])) {
    const bars = rows.flatMap((row) => {
      if (row.type === 'pause') return [];
      return row.type === 'step' ? [row.bar] : row.attempts.map(({ bar }) => bar);
    });
    for (const bar of bars.filter((each) => each !== null)) {
      assert.ok(bar.left >= 0 && bar.left + bar.width <= 1 + 1e-9, JSON.stringify(bar));
    }
  }
});

test('steps without any moment, as of a restored order, are rows without bars', () => {
  const [part] = partsOf([step('request', null), step('create', null)]);
  assert.equal(part?.scaleMs, 0);
  assert.deepEqual(
    part?.rows.map((row) => row.type === 'step' && row.bar),
    [null, null],
  );
  assert.equal(lengthOf(timed([step('request', null)])), null);
});

/** What decides how a journey stands. */
function journeyWith(members: object): Journey {
  const none = { steps: [], letter: null, deadLetter: null, complete: false };
  return { ...none, ...members } as unknown as Journey;
}

test('the answer says how a journey ends; what an older gateway leaves out follows from the rest', () => {
  assert.equal(endingOf(journeyWith({ ending: 'discarded', complete: true })), 'discarded');
  assert.equal(endingOf(journeyWith({})), 'open');
  assert.equal(endingOf(journeyWith({ complete: true })), 'expired');
  assert.equal(endingOf(journeyWith({ complete: true, letter: { state: 'sent' } })), 'delivered');
  assert.equal(endingOf(journeyWith({ complete: true, letter: { state: 'failed' } })), 'failed');
  assert.equal(endingOf(journeyWith({ letter: { state: 'queued' } })), 'open');
  assert.equal(endingOf(journeyWith({ deadLetter: { state: 'dead' } })), 'failed');
  assert.equal(endingOf(journeyWith({ deadLetter: { state: 'discarded' } })), 'discarded');
});

test('the next step is the one that the answer names, or an older gateway shows as waiting', () => {
  const next = { kind: 'confirm', at: null };
  assert.deepEqual(nextOf(journeyWith({ next })), next);
  const steps = [step('send', null, { outcome: 'waiting' })];
  assert.equal(nextOf(journeyWith({ next: null, steps })), null);
  assert.deepEqual(nextOf(journeyWith({ steps })), { kind: 'send', at: null });
  assert.equal(nextOf(journeyWith({})), null);
});

test('the text of a journey has each attempt, and the moments as logs have them', () => {
  const order = {
    id: '0197fa3e-5f2c-7c1a-9d51-0a2b3c4d5e6f',
    statusLabel: 'Paid',
    total: { amount: 100, currency: 'RUB' },
  };
  const steps = [...PAID, ...attempt(1, 100), ...attempt(2, 9_000, 'done')];
  const journey = { ...journeyWith({ steps, traceId: 'abc', ending: 'delivered' }), order };
  const text = journeyAsText(journey as Journey, texts.en, 'No. 1', 'en');
  assert.match(text, /^No\. 1\nPaid, /);
  assert.match(text, /Trace: abc\n/);
  assert.match(text, /2026-11-29T10:00:00\.008Z {2}API Gateway → Billing: Decide payment, ≈ 8 ms/);
  assert.equal(text.match(/450 try later/g)?.length, 2);
});

test('a moment has its date unless it is of today, and its year unless it is of this one', () => {
  const local = (text: string) => new Date(text).toISOString();
  const now = Date.parse(local('2027-01-01T00:10:00'));
  assert.equal(formatMoment(local('2027-01-01T00:05:00'), 'en', now), '00:05:00');
  assert.equal(formatMoment(local('2026-12-31T23:50:00'), 'en', now), '31 Dec 2026, 23:50:00');
  assert.equal(formatMoment(local('2027-01-02T09:00:00'), 'en', now), '2 Jan, 09:00:00');
  assert.match(
    formatPeriod(local('2026-12-31T23:50:00'), local('2027-01-01T00:05:00'), 'en', now),
    /31 Dec 2026.*1 Jan 2027/,
  );
  const noon = Date.parse(local('2026-06-05T12:00:00'));
  const period = formatPeriod(
    local('2026-06-05T10:02:00'),
    local('2026-06-05T11:40:00'),
    'en',
    noon,
  );
  assert.match(period, /^10:02\s*–\s*11:40$/);
});

test('a countdown is to the second', () => {
  const left = [400, 42_000, 599_001, 4_199_000].map((ms) => formatCountdown(ms, 'en'));
  assert.deepEqual(left, ['1 sec', '42 secs', '10:00', '1:09:59']);
});
