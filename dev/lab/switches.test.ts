import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FaultName } from './links.ts';
import { createSwitches, FAULT_S_MAX } from './switches.ts';

function switchesOn(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const done: string[] = [];
  const hits = new Map<FaultName, () => void>();
  const switches = createSwitches({
    begin(name, onHit) {
      done.push(`begin ${name}`);
      hits.set(name, onHit);
      return () => void done.push(`end ${name}`);
    },
  });
  const on = () => switches.states().flatMap((one) => (one.on ? [one.name] : []));
  return { switches, done, hits, on };
}

test('a fault ends by itself, at the latest after ten minutes', (t) => {
  const { switches, done, on } = switchesOn(t);
  switches.on('broker-away', 2);
  switches.on('mail-hangs', 86_400);
  t.mock.timers.tick(1_999);
  assert.deepEqual(on(), ['broker-away', 'mail-hangs']);
  t.mock.timers.tick(1);
  assert.deepEqual(on(), ['mail-hangs']);
  t.mock.timers.tick(FAULT_S_MAX * 1_000 - 2_000);
  assert.deepEqual(on(), []);
  assert.deepEqual(done.slice(2), ['end broker-away', 'end mail-hangs']);
});

test('a connection has one fault at a time, and a switch that is turned on again starts again', (t) => {
  const { switches, done, on } = switchesOn(t);
  switches.on('billing-slow', 10);
  switches.on('payment-lost', 10);
  const turn = switches.turns().get('payment-lost');
  switches.on('profiles-away', 10);
  assert.deepEqual(on(), ['payment-lost', 'profiles-away']);
  t.mock.timers.tick(6_000);
  switches.on('payment-lost', 10);
  assert.notEqual(switches.turns().get('payment-lost'), turn);
  t.mock.timers.tick(4_000);
  assert.deepEqual(on(), ['payment-lost']);
  assert.deepEqual(done, [
    'begin billing-slow',
    'end billing-slow',
    'begin payment-lost',
    'begin profiles-away',
    'end payment-lost',
    'begin payment-lost',
    'end profiles-away',
  ]);
});

test('all faults end at once, and what they have met is counted', (t) => {
  const { switches, hits, on } = switchesOn(t);
  switches.on('answer-lost', 10);
  switches.on('broker-away', 10);
  hits.get('answer-lost')?.();
  const found = switches.states().find(({ name }) => name === 'answer-lost');
  assert.deepEqual([found?.hits, (found?.endsInS ?? 0) > 0], [1, true]);
  switches.offAll();
  assert.deepEqual(on(), []);
  switches.off('broker-away');
});
