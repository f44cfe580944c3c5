import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemsText } from '#harness/oracle/history.ts';
import { createRandom } from '#harness/random.ts';
import { basketOf, otherBasket, totalOf } from '../load/basket.ts';
import type { Sample } from '../load/client.ts';
import { createPace } from '../load/load-rate.ts';
import { planOf } from '../load/plan.ts';
import { alarmIn, alarmViolations, isExcused, type Phase } from '../system/alarms.ts';
import { calmViolations, shareViolations } from './check.ts';
import { newReport, unfinishedOf } from './report.ts';

const sample = (status: number, change: Partial<Sample> = {}): Sample => ({
  ms: 10,
  status,
  key: 'k',
  first: true,
  hungUp: false,
  otherBody: false,
  ...change,
});

test('in calm only final answers are right, and 422 for another body alone', () => {
  const right = [
    ...[sample(201), sample(406), sample(422, { otherBody: true })],
    ...[sample(0, { hungUp: true }), sample(201, { hungUp: true })],
  ];
  assert.deepEqual(calmViolations(right), []);
  for (const wrong of [
    ...[202, 503, 409, 422, 500, 0].map((status) => sample(status)),
    ...[201, 406, 503, 0].map((status) => sample(status, { otherBody: true })),
    sample(503, { hungUp: true }),
  ]) {
    const [breach = '', ...more] = calmViolations([...right, wrong, wrong]);
    assert.match(breach, /^in calm 2 answers /, JSON.stringify(wrong));
    assert.deepEqual(more, []);
  }
});

test('under faults most first answers must be final', () => {
  const answers = (final: number, others: number) => [
    ...Array.from({ length: final }, () => sample(201)),
    ...Array.from({ length: others }, () => sample(503)),
    // Repetitions say nothing of that.
    ...Array.from({ length: 100 }, () => sample(201, { first: false })),
  ];
  assert.deepEqual(shareViolations(answers(60, 40)), []);
  assert.match(shareViolations(answers(59, 41)).join(), /59 of 100/);
  assert.match(shareViolations([]).join(), /0 of 0/);
});

const line = (level: string, more: object = {}) => JSON.stringify({ level, msg: 'words', ...more });

test('an error in a log is an alarm, but for what our own faults explain', () => {
  assert.equal(alarmIn(line('warn'), 'orders/1', 'calm'), null);
  assert.equal(alarmIn(line('info'), 'orders/1', 'calm'), null);
  assert.equal(alarmIn('', 'orders/1', 'calm'), null);
  // The end of what was written when the process was killed.
  assert.equal(alarmIn('{"level":"error","ms', 'orders/1', 'faults'), null);
  const cases: [line: string, phase: Phase, excused: boolean][] = [
    [line('error', { code: 'unavailable' }), 'calm', false],
    [line('error', { code: 'unavailable' }), 'faults', true],
    [line('error', { code: 'unavailable' }), 'crash points', true],
    [line('error', { code: 'internal' }), 'faults', false],
    [line('fatal'), 'rest', false],
    [line('error', { msg: 'the broker lost messages; they go out again' }), 'crash points', true],
    [line('error', { msg: 'the broker lost messages; they go out again' }), 'faults', false],
    ['(node:1) Warning: something leaks', 'faults', false],
  ];
  for (const [text, phase, excused] of cases) {
    const alarm = alarmIn(text, 'orders/1', phase);
    assert.ok(alarm, text);
    assert.equal(isExcused(alarm), excused, `${phase} ${text}`);
  }
});

test('equal alarms are reported once, with their number', () => {
  const alarm = (text: string) => ({ replica: 'billing/1', phase: 'calm' as const, text });
  const violations = alarmViolations([
    ...[alarm('order 1 is wrong'), alarm('order 2 is wrong'), alarm('another thing')],
  ]);
  assert.equal(violations.length, 2);
  assert.match(violations[0] ?? '', /2 alarms, phase calm, such as billing\/1: order 1 is wrong/);
});

test('another body differs in one member, in each way that there is', () => {
  const random = createRandom('baskets');
  for (let number = 0; number < 200; number++) {
    const items = basketOf(random);
    const other = otherBasket(items, number);
    assert.notEqual(itemsText(other), itemsText(items), JSON.stringify(items));
    const changed = other.length - items.length;
    assert.ok(changed >= 0 && changed <= items.length);
  }
  const two = [
    { name: 'A', quantity: 1, unitPrice: { amount: 100, currency: 'RUB' } },
    { name: 'B', sku: 's', quantity: 2, unitPrice: { amount: 50, currency: 'RUB' } },
  ];
  const others = Array.from({ length: 6 }, (_, number) => otherBasket(two, number));
  assert.equal(new Set(others.map(itemsText)).size, 6);
  // A change of a name, an SKU or the order of items does not change the total.
  assert.equal(others.filter((items) => totalOf(items) === totalOf(two)).length, 3);
});

test('a calm load begins with one request, grows with quick answers and drains', async () => {
  const pace = createPace(3);
  const held = Promise.withResolvers<void>();
  let running = 0;
  const hold = () =>
    pace.take(async () => {
      running += 1;
      await held.promise;
    });
  const first = hold();
  const second = hold();
  assert.equal(running, 1);
  const drained = pace.drain();
  held.resolve();
  await Promise.all([first, drained]);
  // The second waits until the drain is over.
  assert.equal(running, 1);
  pace.release();
  await second;
  assert.equal(running, 2);
});

test('a run says beforehand how long it takes, in its parts', () => {
  const { seconds, text } = planOf(67, 1);
  assert.match(text, /^takes about \d min \d+ s: start .*67 crash points .*load.* 1 min 0 s, rest/);
  assert.ok(seconds > planOf(67, 0).seconds + 60);
  assert.doesNotMatch(planOf(2, 0).text, /load/);
});

test('a run that ends early prints what it knows', () => {
  const report = newReport('1', 67);
  report.crashPoints.hit = 3;
  report.phase = 'calm';
  report.violations.push('an order is lost');
  report.faults.set('service killed', 2);
  const alarms = [{ replica: 'orders/1', phase: 'calm', text: 'wrong' }];
  const system = { alarms, unexpectedExits: ['billing/1 ended by itself'] };
  const client = { samples: [sample(201), sample(0)], misreads: ['GET differs'] };
  report.live = { system, client } as never;
  assert.deepEqual(unfinishedOf(report), [
    'ended early, phase calm',
    'crash points hit 3 of 67',
    'answers none: 1, 201: 1',
    'faults service killed: 2',
    'not reconciled',
    'VIOLATION an order is lost',
    'VIOLATION 1 alarms, phase calm, such as orders/1: wrong',
    'VIOLATION billing/1 ended by itself',
    'VIOLATION GET differs',
  ]);
  assert.match(unfinishedOf(newReport('1', 67)).join(), /phase start,.*answers none,faults none/);
});
