import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryRows } from '../database.ts';
import { orderOf, startTestSystem } from '../system/system.ts';
import { startWebhookReceiver } from '../system/webhook-receiver.ts';
import { untilWebhooksEnded, webhookViolations } from './webhooks.ts';

/** Each corrupts the webhooks of one paid and one refused order; with the violation it must cause. */
const CORRUPTIONS: [sql: string, expected: RegExp][] = [
  ["delete from deliveries where state = 'delivered'", /has deliveries \[\] for endpoint/],
  ["update deliveries set state = 'dead'", /has deliveries \[dead\] for endpoint/],
  ['delete from events', /was not stored by webhooks/],
  ['update events set id = gen_random_uuid()', /is not in the outbox/],
  ["update events set type = 'order.paid'", /is of type order\.paid/],
  ['update events set order_id = gen_random_uuid()', /names order/],
  ["update events set status = 'Paid'", /is Paid/],
  [`update events set body = replace(body, '"version":2', '"version":3')`, /the body of webhook/],
];

test('the oracle accepts the webhooks of a system, and reports every violation', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const system = await startTestSystem(t);
  const operator = await system.operator();
  const data = { url: receiver.url, description: 'Shop', statuses: ['Paid', 'Cancelled'] };
  const anna = await system.customer({ topUp: 1_000 });
  // Before the endpoint is there, so that it has none.
  assert.equal((await anna.call('POST', '/v1/orders', orderOf(100))).status, 201);
  await untilWebhooksEnded(system);
  assert.equal((await operator.call('POST', '/v1/operator/webhook-endpoints', data)).status, 201);
  for (const amount of [400, 4_000]) await anna.call('POST', '/v1/orders', orderOf(amount));
  await untilWebhooksEnded(system);
  const received = new Set(receiver.received.map(({ id }) => id));
  assert.deepEqual(await webhookViolations(system, received), []);
  assert.match((await webhookViolations(system, new Set())).join('\n'), /has not got it/);

  const url = system.databaseUrl('webhooks');
  await queryRows(url, 'create table kept_events as table events');
  await queryRows(url, 'create table kept_deliveries as table deliveries');
  for (const [sql, expected] of CORRUPTIONS) {
    await queryRows(url, `set session_replication_role = replica; ${sql}`);
    assert.match((await webhookViolations(system)).join('\n'), expected, sql);
    await queryRows(
      url,
      `set session_replication_role = replica; delete from events; delete from deliveries;
        insert into events table kept_events; insert into deliveries table kept_deliveries`,
    );
  }
  assert.deepEqual(await webhookViolations(system, received), []);
});
