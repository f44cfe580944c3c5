import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { testLog } from '#harness/database.ts';
import { startFaultProxy } from '#harness/faults/fault-proxy.ts';
import {
  assertLedger,
  balanceOf,
  decidedOf,
  startBillingTestBed,
} from '#harness/system/billing.ts';
import { commonProblems } from '#platform/errors.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { decidePayments, type PaymentCommand } from './decide-payment.ts';
import { topUp } from './top-up.ts';
import { ledgerIn } from './transactions.ts';

// The database commits and its answer is lost: an unknown outcome must not be answered as a failure.

const COMMIT = /commit/;

test('I1: a decision whose COMMIT was not answered is unknown, never refused; asking again reads it', async (t) => {
  const proxy = await startFaultProxy(t);
  const billing = await startBillingTestBed(t);
  proxy.target(billing.url);
  const beyond = new URL(billing.url);
  beyond.host = new URL(proxy.url).host;
  const database = createDatabase({
    url: beyond.href,
    connectionsMax: 2,
    applicationName: 'behind a proxy',
    log: testLog,
  });
  t.after(() => database.close());
  await billing.topUp(1_000);
  const deps = ledgerIn(database, 'RUB');

  for (const [kind, amount, decision] of [
    ['pay', 100, 'captured'],
    ['pay', 5_000, 'declined'],
    ['void', 100, 'voided'],
  ] as const) {
    await t.test(`${decision}`, async () => {
      const orderId = randomUUID();
      const wish: PaymentCommand = { kind, orderId, customerId: 'anna', amount, currency: 'RUB' };
      proxy.setFault({ kind: 'swallow-answers', requests: COMMIT, times: 1 });
      await assert.rejects(decidePayments(deps, [wish]), { problem: commonProblems.unavailable });
      assert.equal(proxy.met.length, 1);
      const [again] = decidedOf(await decidePayments(deps, [wish]));
      assert.deepEqual([again?.payment.decision, again?.fresh], [decision, false]);
    });
  }

  await t.test('a top-up', async () => {
    const request = {
      customerId: 'anna',
      amount: { amount: 50, currency: 'RUB' },
      idempotencyKey: randomUUID(),
    };
    proxy.setFault({ kind: 'swallow-answers', requests: COMMIT, times: 1 });
    const deps = ledgerIn(database, 'RUB');
    await assert.rejects(topUp(deps, request), { problem: commonProblems.unavailable });
    await topUp(deps, request);
    assert.equal(await billing.count("operations where type = 'top_up'"), 2);
  });
  assert.equal(await balanceOf(billing), 950);
  await assertLedger(billing);
});
