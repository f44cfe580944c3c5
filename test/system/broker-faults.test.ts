import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newHistory } from '#harness/oracle/history.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { skipWithoutOwnBroker } from '#harness/system/own-kafka.ts';
import { PATIENT, startTestSystem } from '#harness/system/system.ts';
import { runTraffic } from '#harness/system/traffic.ts';

test('I5, I7: a broker that is killed, and that hangs, in the middle of traffic: orders are answered as usual, and no event is lost', {
  skip: skipWithoutOwnBroker,
}, async (t) => {
  const system = await startTestSystem(t, PATIENT, { ownBroker: true });
  const customers = [];
  for (let number = 0; number < 8; number++) customers.push(await system.customer({ topUp: 500 }));
  const history = newHistory();
  const { broker } = system;
  const outages = [() => broker.takeAway(), broker.hang ?? (() => broker.takeAway())];
  // Each outage begins and ends after a number of ended orders, so orders end during the outage too:
  // none of them waited for the broker.
  const begins = [60, 220];
  const ends = [140, 300];
  const steps: Promise<unknown>[] = [];
  let restore = Promise.resolve(async (): Promise<void> => {});
  await runTraffic({
    url: () => system.url,
    customers,
    clients: 8,
    orders: 50,
    history,
    onEnded(ended) {
      const outage = outages[begins.indexOf(ended)];
      if (outage !== undefined) restore = outage();
      else if (ends.includes(ended)) steps.push(restore.then((heal) => heal()));
    },
  });
  assert.equal(steps.length, 2);
  await Promise.all(steps);
  const statuses = new Set(history.orders.map(({ status }) => status));
  assert.deepEqual([...statuses].sort(), [201, 406]);
  await assertReconciled(system, history);
});
