import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { readMetrics } from '#harness/metrics.ts';
import { startTestService } from '#harness/system/internal-service.ts';
import { newLetter } from '#harness/system/new-letter.ts';
import { WEBHOOKS_SECRET } from '#harness/system/webhook-bench.ts';
import { startWebhookReceiver } from '#harness/system/webhook-receiver.ts';
import { onOrderUpdates } from '../inbox/on-order-update.ts';
import { service } from '../service.ts';

test('what waits, what was given up and each attempt are counted', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const webhooks = await startTestService(t, service, {
    TOPIC_PARTITIONS: '1',
    WEBHOOKS_SECRET,
    WEBHOOKS_ALLOW_PRIVATE: 'true',
  });
  const { database } = webhooks;
  const look = () => readMetrics(webhooks.url, 'orderbell_webhook');
  const attempts = (outcome: string) => `orderbell_webhook_attempts_total{outcome="${outcome}"}`;
  const quiet = {
    orderbell_webhooks_waiting: 0,
    orderbell_webhooks_waiting_oldest_seconds: 0,
    orderbell_webhooks_dead: 0,
    [attempts('delivered')]: 0,
    [attempts('retried')]: 0,
    [attempts('dead')]: 0,
  };
  assert.deepEqual(await look(), quiet);

  const data = { url: receiver.url, description: 'Shop', statuses: ['Paid'] };
  const added = await webhooks.call('POST', '/operator/webhook-endpoints', data);
  const { id } = added.body;
  const answers = [204, 204, 500];
  receiver.answer(() => ({ status: answers[receiver.received.length - 1] ?? 204 }));
  const store = (count: number) =>
    onOrderUpdates(
      database,
      Array.from({ length: count }, () => newLetter({}, { id: randomUUID() })),
    );
  await store(3);
  const ended = { [attempts('delivered')]: 2, [attempts('retried')]: 1 };
  await eventually('three attempts', async () => {
    const found = await look();
    return Object.entries(ended).every(([name, value]) => found[name] === value);
  });
  const queued = "update deliveries set queued_at = now() - interval '1 minute', due_at = ";
  await database.query(`${queued} now() + interval '1 hour' where state = 'queued'`);
  const { orderbell_webhooks_waiting_oldest_seconds: oldest = 0, ...waiting } = await look();
  assert.ok(oldest >= 60 && oldest < 120, `${oldest}`);
  assert.partialDeepStrictEqual(waiting, { ...ended, orderbell_webhooks_waiting: 1 });

  // Given up a day ago is nobody's work any more.
  await database.query(
    `update deliveries set state = 'dead',
        ended_at = now() - case when state = 'queued' then interval '1 hour' else interval '25 hours' end`,
  );
  const dead = { ...quiet, ...ended, orderbell_webhooks_dead: 1 };
  assert.deepEqual(await look(), dead);
  // Nor is what waits for an endpoint that is disabled, or was removed.
  await webhooks.call('PUT', `/operator/webhook-endpoints/${id}`, { ...data, state: 'disabled' });
  await database.query("update deliveries set state = 'queued', ended_at = null");
  assert.deepEqual(await look(), { ...dead, orderbell_webhooks_dead: 0 });
  await database.query("update deliveries set state = 'dead', ended_at = now()");
  await webhooks.call('DELETE', `/operator/webhook-endpoints/${id}`);
  assert.deepEqual(await look(), { ...dead, orderbell_webhooks_dead: 0 });
});
