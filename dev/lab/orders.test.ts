import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Journey } from '#client/client.ts';
import type { FaultName } from './links.ts';
import { createLabOrders } from './orders.ts';

const step = (kind: string, outcome: string) => ({
  kind,
  from: 'a',
  to: 'b',
  outcome,
  detail: null,
});

const journeyOf = (status: string, complete: boolean) =>
  ({
    order: { status, statusReason: null },
    steps: [step('send', 'failed'), step('reply', 'failed'), step('send', 'done')],
    complete,
  }) as unknown as Journey;

function newLab(answer: () => Promise<{ status: number; orderId: string | null }>) {
  const turns = new Map<FaultName, number>();
  const seen = {
    journey: journeyOf('Paid', false),
    letters: [] as { kind: string; state: string }[],
  };
  let reads = 0;
  const orders = createLabOrders(
    {
      prepare: async () => 'RUB',
      placeOrder: answer,
      async journeyOf() {
        reads += 1;
        return seen.journey;
      },
      countCharges: async () => 1,
      lettersOf: async () => seen.letters,
    },
    { turns: () => new Map(turns) },
  );
  return { orders, turns, seen, reads: () => reads };
}

test('an order is read until nothing more happens, and its repeated steps are one row', async () => {
  const { orders, seen, reads } = newLab(async () => ({ status: 201, orderId: 'o-1' }));
  assert.equal(orders.place(), 1);
  assert.equal(orders.place(), 1);
  await orders.settled();
  const [first] = await orders.list();
  assert.deepEqual(
    first?.steps.map(({ kind, outcome, times }) => [kind, outcome, times]),
    [
      ['send', 'done', 2],
      ['reply', 'failed', 1],
    ],
  );
  assert.equal(first?.complete, false);
  seen.journey = journeyOf('Paid', true);
  seen.letters = [{ kind: 'happiness', state: 'sent' }];
  const [last] = await orders.list();
  assert.ok(last?.complete && last.checks.every(({ ok }) => ok === true));
  await orders.list();
  assert.equal(reads(), 2);
});

test('a letter has waited only while the switch of its order was on all the time', async () => {
  const { orders, turns, seen } = newLab(async () => ({ status: 201, orderId: 'o-1' }));
  turns.set('broker-away', 1);
  orders.place();
  await orders.settled();
  assert.equal((await orders.list())[0]?.waited, true);
  // Off and on again: the letter may have gone out between.
  turns.set('broker-away', 2);
  seen.letters = [{ kind: 'happiness', state: 'sent' }];
  assert.equal((await orders.list())[0]?.waited, true);
  turns.set('broker-away', 1);
  assert.equal((await orders.list())[0]?.waited, false);
});

test('a switch that is turned before the answer is noted, and so is an order that was not placed', async () => {
  const { orders, turns } = newLab(async () => {
    if (turns.size > 0) throw new Error('no answer came');
    turns.set('payment-lost', 1);
    return { status: 201, orderId: 'o-1' };
  });
  orders.place();
  await orders.settled();
  orders.place();
  await orders.settled();
  const [failed, changed] = await orders.list();
  assert.deepEqual([failed?.problem, failed?.complete], ['no answer came', true]);
  assert.deepEqual([changed?.changed, changed?.problem], [true, null]);
});
