import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LedgerReport } from '#contracts/operator.ts';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import {
  orderOf,
  startTestSystem,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';

// Another program publishes the outbox and marks nothing: docs/how-to/publish-with-debezium.md.

/** A system without a relay, and an order in it that is paid. */
async function startWithOrder(t: TestContext) {
  const system = await startTestSystem(t, { OUTBOX_RELAY: 'off' });
  const customer = await system.customer({ topUp: 1_000 });
  const { status, body } = await customer.call('POST', '/v1/orders', orderOf(600));
  assert.equal(status, 201);
  return { system, customer, operator: await system.operator(), orderId: body.id as string };
}

/** Publishes the whole outbox and leaves it as it is. */
async function publishAll({ broker, databaseUrl }: TestSystem): Promise<void> {
  const rows = await queryRows(
    databaseUrl('orders'),
    'select id, type, aggregateid as key, payload::text as value from outbox order by sequence',
  );
  for (const { id, type, key, value } of rows) {
    const headers = { ce_id: String(id), ce_type: String(type) };
    await broker.publish({ key: String(key), value: Buffer.from(String(value)), headers });
  }
}

async function verify(operator: TestCustomer): Promise<LedgerReport> {
  const { status, body } = await operator.call('GET', '/v1/operator/ledger/verify');
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

const NOTHING_WAITS = { pendingOrders: 0, unpublishedEvents: 0, unreadEvents: 0, unsentLetters: 0 };

test('externally published events become letters, and reconciliation finds no difference', async (t) => {
  const { system, customer, operator } = await startWithOrder(t);
  await publishAll(system);
  await eventually('the letter', async () => {
    const { body } = await customer.call('GET', '/v1/letters');
    return body.data[0]?.state === 'sent';
  });
  // As after a change from the relay to Debezium: both have published it.
  await publishAll(system);
  // At any age: the event is never marked as published, and retention deletes its row.
  for (const change of [
    `update orders set updated_at = now() - interval '6 days'`,
    `update orders set updated_at = now() - interval '8 days'`,
    'delete from outbox',
  ]) {
    await queryRows(system.databaseUrl('orders'), change);
    const { ok, waiting, differences, checked } = await verify(operator);
    assert.deepEqual(
      { ok, waiting, differences },
      { ok: true, waiting: NOTHING_WAITS, differences: [] },
    );
    assert.deepEqual([checked.orders, checked.letters], [1, 1], change);
  }
});

test('an event that is never published is unread at first and a difference later', async (t) => {
  const { system, operator, orderId } = await startWithOrder(t);
  const young = await verify(operator);
  assert.deepEqual([young.ok, young.waiting], [true, { ...NOTHING_WAITS, unreadEvents: 1 }]);
  await queryRows(
    system.databaseUrl('orders'),
    `update outbox set created_at = now() - interval '16 minutes'`,
  );
  const old = await verify(operator);
  assert.deepEqual(
    old.differences.map(({ relation, id }) => [relation, id]),
    [['event-letter', orderId]],
  );
  assert.deepEqual(old.waiting, NOTHING_WAITS);
});
