import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { ORDER_UPDATE_TYPE } from '#contracts/order-update-message.ts';
import { WEBHOOK_ENDPOINTS_MAX } from '#contracts/webhooks.ts';
import { openBroker } from '#harness/broker/broker.ts';
import { eventually } from '#harness/eventually.ts';
import { startTestService } from '#harness/system/internal-service.ts';
import { PAID } from '#harness/system/new-letter.ts';
import { WEBHOOKS_SECRET } from '#harness/system/webhook-bench.ts';
import { startWebhookReceiver, verifyWebhook } from '#harness/system/webhook-receiver.ts';
import { service } from './service.ts';

const ENDPOINTS = '/operator/webhook-endpoints';
const DELIVERIES = '/operator/webhook-deliveries';
const EVERY_STATUS = ['Paid', 'Cancelled'];

/** Webhooks with the other end of its topic, and a receiver. */
async function start(t: TestContext, settings: Record<string, string> = {}) {
  const receiver = await startWebhookReceiver(t);
  const webhooks = await startTestService(t, service, {
    TOPIC_PARTITIONS: '1',
    WEBHOOKS_SECRET,
    WEBHOOKS_ALLOW_PRIVATE: 'true',
    ...settings,
  });
  const broker = await openBroker({
    BROKER_DATABASE_URL: webhooks.databaseUrl('BROKER_DATABASE_URL'),
    TOPIC_PARTITIONS: '1',
  });
  t.after(() => broker.close());
  const actor = { headers: { 'x-actor': 'olga' } };
  const call = (method: string, path: string, body?: unknown) =>
    webhooks.call(method, path, body, actor);
  return {
    ...webhooks,
    call,
    receiver,
    async add(statuses = EVERY_STATUS, url = receiver.url) {
      const answer = await call('POST', ENDPOINTS, { url, description: 'Shop', statuses });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return answer.body;
    },
    /** Publishes an event. @returns its id */
    async publish(change: object = {}) {
      const id = randomUUID();
      const value = Buffer.from(JSON.stringify({ ...PAID, orderId: randomUUID(), ...change }));
      const headers = { ce_type: ORDER_UPDATE_TYPE, ce_id: id };
      await broker.publish('orders', [{ key: id, value, headers }]);
      return id;
    },
    untilStored: (count: number) =>
      eventually(`${count} events`, async () => {
        const { rows } = await webhooks.database.query('select 1 from events');
        return rows.length === count;
      }),
    /** Waits until all deliveries have ended. @returns them, newest first */
    untilEnded: (count: number) =>
      eventually(`${count} ended deliveries`, async () => {
        const { data } = (await call('GET', DELIVERIES)).body;
        const ended = data.filter(({ state }: { state: string }) =>
          ['delivered', 'dead'].includes(state),
        );
        return ended.length === count && data;
      }),
  };
}

const CANCELLED = { status: 'Cancelled', reason: 'insufficient-funds', paymentOperationId: null };

test('an endpoint gets the orders of its statuses once, however often they come', async (t) => {
  const webhooks = await start(t);
  const { secret, ...endpoint } = await webhooks.add(['Cancelled']);
  assert.match(secret, /^whsec_/);
  const cancelled = await webhooks.publish(CANCELLED);
  await webhooks.publish();
  await webhooks.untilStored(2);
  const [delivery] = await webhooks.untilEnded(1);
  assert.partialDeepStrictEqual(delivery, {
    endpointId: endpoint.id,
    eventId: cancelled,
    type: 'order.cancelled',
    state: 'delivered',
    attemptCount: 1,
    nextAttemptAt: null,
    reason: null,
  });
  assert.deepEqual([delivery.attempts[0].status, delivery.attempts[0].error], [204, null]);
  const [webhook] = webhooks.receiver.received;
  assert.ok(webhook);
  assert.partialDeepStrictEqual(verifyWebhook(webhook, secret), {
    type: 'order.cancelled',
    data: CANCELLED,
  });
  assert.equal(webhooks.receiver.received.length, 1);
  // The secret is shown nowhere else, and is not in the database as it is.
  const shown = await webhooks.call('GET', `${ENDPOINTS}/${endpoint.id}`);
  assert.deepEqual(shown.body, endpoint);
  const { rows } = await webhooks.database.query('select secret from endpoints');
  assert.ok(!rows[0].secret.includes(secret.slice(6)));
});

test('endpoints are changed, disabled and removed, with entries in the audit trail', async (t) => {
  const webhooks = await start(t);
  const { id, secret } = await webhooks.add();
  const path = `${ENDPOINTS}/${id}`;
  const data = { url: `${webhooks.receiver.url}2`, description: 'Other', statuses: ['Paid'] };
  const changed = await webhooks.call('PUT', path, { ...data, state: 'disabled' });
  assert.partialDeepStrictEqual(changed.body, { ...data, disabledReason: 'operator' });
  for (const action of ['test', 'replay']) {
    const body = action === 'replay' ? { since: '2026-01-01T00:00:00Z' } : undefined;
    const refused = await webhooks.call('POST', `${path}/${action}`, body);
    assert.deepEqual([refused.status, refused.body.code], [409, 'webhook-endpoint-disabled']);
  }
  assert.equal((await webhooks.call('PUT', path, { ...data, state: 'enabled' })).status, 200);
  const rotated = await webhooks.call('POST', `${path}/rotate-secret`);
  assert.notEqual(rotated.body.secret, secret);
  const hours = (Date.parse(rotated.body.previousSecretUntil) - Date.now()) / 3_600_000;
  assert.equal(Math.round(hours), 24);
  // Within a rotation the former secret stays, not the one that nobody knows yet.
  const twice = await webhooks.call('POST', `${path}/rotate-secret`);
  const tested = await webhooks.call('POST', `${path}/test`);
  assert.deepEqual([tested.body.type, tested.body.orderId], ['webhook.test', null]);
  await webhooks.untilEnded(1);
  const [webhook] = webhooks.receiver.received;
  assert.ok(webhook);
  for (const each of [secret, twice.body.secret]) {
    assert.partialDeepStrictEqual(verifyWebhook(webhook, each), { type: 'webhook.test' });
  }
  // Again, as after a lost answer.
  for (const _ of [1, 2]) assert.equal((await webhooks.call('DELETE', path)).status, 200);
  for (const gone of [path, `${DELIVERIES}/${tested.body.id}`]) {
    assert.equal((await webhooks.call('GET', gone)).status, 404);
  }
  const trail = await webhooks.call('GET', '/audit-trail?limit=20');
  assert.deepEqual(
    trail.body.data.map((entry: { actor: string; action: string }) => [entry.actor, entry.action]),
    [
      'remove-webhook-endpoint',
      'test-webhook-endpoint',
      'rotate-webhook-secret',
      'rotate-webhook-secret',
      'change-webhook-endpoint',
      'change-webhook-endpoint',
      'add-webhook-endpoint',
    ].map((action) => ['olga', action]),
  );
});

test('private addresses and http are refused, and too many endpoints', async (t) => {
  const strict = await start(t, { WEBHOOKS_ALLOW_PRIVATE: 'false' });
  const data = { description: 'Shop', statuses: EVERY_STATUS };
  const urls = ['http://example.com/', 'https://127.1/', 'https://localhost/', 'example.com'];
  for (const url of urls) {
    const refused = await strict.call('POST', ENDPOINTS, { ...data, url });
    assert.deepEqual([refused.status, refused.body.code], [422, 'webhook-address-refused'], url);
  }
  const { body } = await strict.call('POST', ENDPOINTS, { ...data, url: 'https://8.8.8.8/' });
  const url = 'https://10.0.0.1/';
  const changed = await strict.call('PUT', `${ENDPOINTS}/${body.id}`, {
    ...data,
    url,
    state: 'enabled',
  });
  assert.equal(changed.body.code, 'webhook-address-refused');
  for (let number = 1; number < WEBHOOK_ENDPOINTS_MAX; number++) {
    await strict.database.query(
      `insert into endpoints (id, url, description, statuses, secret)
        select gen_random_uuid(), url, description, statuses, secret from endpoints limit 1`,
    );
  }
  const refused = await strict.call('POST', ENDPOINTS, { ...data, url: 'https://8.8.8.8/' });
  assert.deepEqual([refused.status, refused.body.code], [409, 'webhook-endpoint-limit']);
});

test('a replay sends events from a moment on again, with their former ids', async (t) => {
  const webhooks = await start(t);
  const ids: string[] = [];
  for (let number = 0; number < 3; number++) {
    ids.push(await webhooks.publish());
    await webhooks.untilStored(ids.length);
  }
  await webhooks.publish(CANCELLED);
  await webhooks.untilStored(4);
  // Added later: it has got none of them.
  const { id } = await webhooks.add(['Paid']);
  const { rows } = await webhooks.database.query('select received_at from events where id = $1', [
    ids[1],
  ]);
  const since = (rows[0].received_at as Date).toISOString();
  const replay = () => webhooks.call('POST', `${ENDPOINTS}/${id}/replay`, { since });
  assert.deepEqual((await replay()).body, { queued: 2, since, next: null });
  await webhooks.untilEnded(2);
  assert.deepEqual((await replay()).body, { queued: 2, since, next: null });
  const received = await webhooks.receiver.until(4);
  assert.deepEqual(
    received.map((each) => each.id).sort(),
    [...ids.slice(1), ...ids.slice(1)].sort(),
  );
  const far = await webhooks.call('POST', `${ENDPOINTS}/${id}/replay`, {
    since: '2020-01-01T00:00:00+03:00',
  });
  const days = (Date.now() - Date.parse(far.body.since)) / 86_400_000;
  assert.deepEqual([Math.round(days), far.body.next], [30, null]);
  const wrong = await webhooks.call('POST', `${ENDPOINTS}/${id}/replay`, { since: 'yesterday' });
  assert.equal(wrong.status, 400);
});

test('a replay of many events goes in parts', async (t) => {
  const webhooks = await start(t);
  const { id } = await webhooks.add();
  await webhooks.database.query(
    `insert into events (id, type, order_id, status, body, received_at)
      select gen_random_uuid(), 'order.paid', gen_random_uuid(), 'Paid', '{}',
        now() - interval '1 hour' + number * interval '1 millisecond'
      from generate_series(1, 5200) as number`,
  );
  let since: string | null = new Date(Date.now() - 2 * 3_600_000).toISOString();
  const parts: number[] = [];
  while (since !== null) {
    const { body } = await webhooks.call('POST', `${ENDPOINTS}/${id}/replay`, { since });
    parts.push(body.queued);
    since = body.next;
  }
  assert.equal(parts.length, 2);
  const { rows } = await webhooks.database.query('select count(*)::int as count from deliveries');
  assert.equal(rows[0].count, 5_200);
});

test('a dead webhook is sent again by hand', async (t) => {
  const webhooks = await start(t);
  await webhooks.add();
  webhooks.receiver.answer({ status: 410 });
  const id = await webhooks.publish();
  const [dead] = await webhooks.untilEnded(1);
  assert.deepEqual([dead.state, dead.reason], ['dead', 'the receiver answered 410']);
  const path = `${DELIVERIES}/${dead.id}/redeliver`;
  assert.equal((await webhooks.call('POST', path)).body.code, 'webhook-endpoint-disabled');
  const { body: endpoint } = await webhooks.call('GET', `${ENDPOINTS}/${dead.endpointId}`);
  assert.deepEqual([endpoint.state, endpoint.disabledReason], ['disabled', 'gone']);
  const { url, description, statuses } = endpoint;
  const enabled = { url, description, statuses, state: 'enabled' };
  await webhooks.call('PUT', `${ENDPOINTS}/${endpoint.id}`, enabled);
  webhooks.receiver.answer({ status: 200 });
  assert.equal((await webhooks.call('POST', path)).status, 200);
  const [, again] = await webhooks.receiver.until(2);
  assert.equal(again?.id, id);
  const delivered = await eventually('the delivery', async () => {
    const { data } = (await webhooks.call('GET', `${DELIVERIES}?state=delivered`)).body;
    return data.length === 1 && data[0];
  });
  assert.deepEqual(
    delivered.attempts.map(({ number, status }: { number: number; status: number }) => [
      number,
      status,
    ]),
    [
      [1, 410],
      [2, 200],
    ],
  );
  const found = await webhooks.call('GET', `${DELIVERIES}?orderId=${delivered.orderId}`);
  assert.equal(found.body.data.length, 1);
  assert.equal((await webhooks.call('GET', `${DELIVERIES}?state=dead`)).body.data.length, 0);
});

test('another secret ends the start, the previous one is replaced', async (t) => {
  const webhooks = await start(t);
  const { id } = await webhooks.add();
  await webhooks.close();
  const url = webhooks.databaseUrl('WEBHOOKS_DATABASE_URL');
  const settings = (env: Record<string, string>) => ({
    WEBHOOKS_DATABASE_URL: url,
    BROKER_DATABASE_URL: webhooks.databaseUrl('BROKER_DATABASE_URL'),
    TOPIC_PARTITIONS: '1',
    ...env,
  });
  const other = 'x'.repeat(32);
  await assert.rejects(
    startTestService(t, service, settings({ WEBHOOKS_SECRET: other })),
    /neither WEBHOOKS_SECRET nor WEBHOOKS_SECRET_PREVIOUS/,
  );
  const both = { WEBHOOKS_SECRET: other, WEBHOOKS_SECRET_PREVIOUS: WEBHOOKS_SECRET };
  const renewed = await startTestService(t, service, settings(both));
  await renewed.close();
  const last = await startTestService(t, service, settings({ WEBHOOKS_SECRET: other }));
  assert.equal((await last.call('GET', `${ENDPOINTS}/${id}`)).status, 200);
});
