import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { readMetrics } from '#harness/metrics.ts';
import { startNotificationsService } from '#harness/system/notifications-service.ts';

const ACCOUNT_LETTERS = {
  'orderbell_account_letters{state="waiting"}': 0,
  'orderbell_account_letters{state="failed"}': 0,
  orderbell_letters_waiting_for_confirmation: 0,
};

test('what is not read, not sent and cannot be used is counted', async (t) => {
  const service = await startNotificationsService(t);
  const look = async () => {
    const metrics = Object.entries(await readMetrics(service.url, 'orderbell_'));
    return Object.fromEntries(
      metrics.filter(([name]) => !/attempts|refusals|retention/.test(name)),
    );
  };
  const lag = 'orderbell_consumer_lag{topic="orders",group="notifications",partition="0"}';
  await eventually('the topic', async () => (await look())[lag] === 0);
  const waiting = (state: string) => `orderbell_letters_waiting{state="${state}"}`;
  const breaker = `orderbell_mail_breaker_open{provider="${new URL(service.server.url).host}"}`;
  const quiet = {
    [lag]: 0,
    [waiting('queued')]: 0,
    [waiting('sending')]: 0,
    [waiting('committing')]: 0,
    orderbell_letters_waiting_oldest_seconds: 0,
    orderbell_letters_failed: 0,
    orderbell_dead_letters: 0,
    [breaker]: 0,
    ...ACCOUNT_LETTERS,
  };
  assert.deepEqual(await look(), quiet);

  const later = `due_at = now() + interval '1 hour'`;
  await service.insert({}, `${later}, created_at = now() - interval '1 minute'`);
  await service.insert({}, later);
  await service.insert({}, `state = 'failed', failure = 'no address'`);
  await service.broker.publish('orders', [
    { key: 'poison', value: Buffer.from('x'), headers: {} },
    { key: 'foreign', value: Buffer.from('x'), headers: { ce_type: 'other"type' } },
  ]);
  const unknown = 'orderbell_messages_of_unknown_type_total{type="other\\"type"}';
  // The figures of one answer are read one after the other, while the messages are handled.
  const found = await eventually('both messages', async () => {
    const metrics = await look();
    const { orderbell_dead_letters: dead, [lag]: unread, [unknown]: skipped } = metrics;
    return dead === 1 && unread === 0 && skipped === 1 && metrics;
  });
  const { orderbell_letters_waiting_oldest_seconds: oldest = 0, ...counts } = found;
  assert.ok(oldest >= 60);
  assert.deepEqual(counts, {
    [lag]: 0,
    [waiting('queued')]: 2,
    [waiting('sending')]: 0,
    [waiting('committing')]: 0,
    orderbell_letters_failed: 1,
    orderbell_dead_letters: 1,
    [breaker]: 0,
    ...ACCOUNT_LETTERS,
    [unknown]: 1,
  });
});

test('attempts are counted by the kind of letter and how they end', async (t) => {
  const refused = { at: 'rcpt', do: 'reply', reply: '550 5.1.1 no such user' } as const;
  const later = { at: 'rcpt', do: 'reply', reply: '450 4.2.0 later' } as const;
  const service = await startNotificationsService(t, [refused, later]);
  const attempts = async () => {
    const all = Object.entries(await readMetrics(service.url, 'orderbell_letter_attempts_total'));
    return Object.fromEntries(all.filter(([, value]) => value > 0));
  };
  const name = (kind: string, outcome: string) =>
    `orderbell_letter_attempts_total{kind="${kind}",outcome="${outcome}"}`;
  await service.putProfile('anna', 'anna@example.com');
  await service.insert({ customerId: 'anna', status: 'Cancelled', reason: 'voided' });
  await eventually('a refusal', async () => (await attempts())[name('grief', 'failed')] === 1);
  await service.insert({ customerId: 'anna' });
  await eventually('a letter', async () => (await attempts())[name('happiness', 'sent')] === 1);
  assert.deepEqual(await attempts(), {
    [name('grief', 'failed')]: 1,
    [name('happiness', 'retried')]: 1,
    [name('happiness', 'sent')]: 1,
  });
});
