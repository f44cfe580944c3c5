import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { orderOf, PATIENT, startTestSystem, stop } from '#harness/system/system.ts';
import { startWebhookReceiver, verifyWebhook } from '#harness/system/webhook-receiver.ts';

const ENDPOINTS = '/v1/operator/webhook-endpoints';
const DELIVERIES = '/v1/operator/webhook-deliveries';

test('each ended order reaches a receiver, and operators see and repeat it', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  const data = { url: receiver.url, description: 'Shop', statuses: ['Paid', 'Cancelled'] };
  const added = await operator.call('POST', ENDPOINTS, data);
  assert.equal(added.status, 201, JSON.stringify(added.body));
  const { id, secret } = added.body;
  assert.equal(added.headers.get('location'), `${ENDPOINTS}/${id}`);
  const anna = await system.customer({ topUp: 1_000 });
  const paid = await anna.call('POST', '/v1/orders', orderOf(400));
  const declined = await anna.call('POST', '/v1/orders', orderOf(4_000));
  assert.deepEqual([paid.status, declined.status], [201, 406]);

  const received = await receiver.until(2);
  const bodies = received.map((webhook) => verifyWebhook(webhook, secret)) as {
    type: string;
    data: { orderId: string; customerId: string };
  }[];
  assert.deepEqual(
    new Map(bodies.map(({ type, data: { orderId } }) => [orderId, type])),
    new Map([
      [paid.body.id, 'order.paid'],
      [declined.body.order.id, 'order.cancelled'],
    ]),
  );
  const delivery = await eventually('the delivery', async () => {
    const { body } = await operator.call('GET', `${DELIVERIES}?orderId=${paid.body.id}`);
    return body.data[0]?.state === 'delivered' && body.data[0];
  });
  const again = await operator.call('POST', `${DELIVERIES}/${delivery.id}/redeliver`);
  assert.equal(again.status, 200);
  const all = await receiver.until(3);
  assert.equal(all[2]?.id, delivery.eventId);

  for (const [method, path, body] of [
    ['POST', `${ENDPOINTS}/${id}/test`],
    ['POST', `${ENDPOINTS}/${id}/replay`, { since: '2026-01-01T00:00:00Z' }],
    ['POST', `${ENDPOINTS}/${id}/rotate-secret`],
    ['PUT', `${ENDPOINTS}/${id}`, { ...data, state: 'disabled' }],
    ['GET', `${ENDPOINTS}/${id}`],
    ['GET', `${DELIVERIES}/${delivery.id}`],
    ['GET', ENDPOINTS],
  ] as const) {
    const answer = await operator.call(method, path, body);
    assert.equal(answer.status, 200, `${method} ${path} ${JSON.stringify(answer.body)}`);
  }
  const refused = await operator.call('POST', `${ENDPOINTS}/${id}/test`);
  assert.deepEqual([refused.status, refused.body.code], [409, 'webhook-endpoint-disabled']);
  assert.equal((await operator.call('DELETE', `${ENDPOINTS}/${id}`)).status, 204);
  const gone = await operator.call('GET', `${ENDPOINTS}/${id}`);
  assert.deepEqual([gone.status, gone.body.code], [404, 'not-found']);
  const trail = await operator.call('GET', '/v1/operator/audit?action=remove-webhook-endpoint');
  assert.partialDeepStrictEqual(trail.body.data, [
    { service: 'webhooks', subject: { endpointId: id } },
  ]);
  assert.match(trail.body.data[0].actor, /^[0-9a-f-]{36}$/);
});

test('I7: while webhooks is away orders are answered, and their webhooks come later', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  const data = { url: receiver.url, description: 'Shop', statuses: ['Paid'] };
  await operator.call('POST', ENDPOINTS, data);
  const anna = await system.customer({ topUp: 1_000 });
  const start = await stop(system, 'webhooks');
  const paid = await anna.call('POST', '/v1/orders', orderOf(400));
  assert.equal(paid.status, 201);
  assert.equal((await operator.call('GET', ENDPOINTS)).status, 503);
  await start();
  const [webhook] = await receiver.until(1);
  assert.equal(JSON.parse(webhook?.body ?? '').data.orderId, paid.body.id);
});
