import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { startWebhookBench as start } from '#harness/system/webhook-bench.ts';
import { startWebhookReceiver, verifyWebhook } from '#harness/system/webhook-receiver.ts';
import { PER_ENDPOINT_MAX } from './claim-store.ts';

test('a webhook arrives signed, with the id of its event, and is not sent again', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  const { secret } = await bench.endpoint(receiver.url);
  const [id = ''] = await bench.events(1);
  bench.worker();
  await bench.until('delivered', 1);
  const [webhook] = receiver.received;
  assert.ok(webhook);
  assert.deepEqual([webhook.id, receiver.received.length, webhook.path], [id, 1, '/hook']);
  const body = verifyWebhook(webhook, secret) as { type: string; data: { customerId: string } };
  assert.deepEqual([body.type, body.data.customerId], ['order.paid', 'anna']);
  assert.deepEqual(await bench.attempts(), [{ number: 1, status: 204, error: null }]);
});

test('while a secret is rotated both secrets sign, afterwards only the new one', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  const former = await bench.endpoint(receiver.url);
  const present = await bench.endpoint('http://127.0.0.1:1/');
  await bench.sql(
    `update endpoints set secret = (select secret from endpoints where id = $2),
        previous_secret = secret, previous_until = now() + interval '1 hour' where id = $1`,
    [former.id, present.id],
  );
  await bench.sql(
    "update endpoints set state = 'disabled', disabled_reason = 'operator' where id = $1",
    [present.id],
  );
  await bench.events(1);
  bench.worker();
  const [first] = await receiver.until(1);
  assert.ok(first);
  for (const secret of [former.secret, present.secret]) verifyWebhook(first, secret);
  await bench.sql("update endpoints set previous_until = now() - interval '1 second'");
  await bench.events(1);
  const [, second] = await receiver.until(2);
  assert.ok(second);
  verifyWebhook(second, present.secret);
  assert.throws(() => verifyWebhook(second, former.secret), /No matching signature/);
});

test('a failed attempt is repeated with the same id and body until it succeeds', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  await bench.endpoint(receiver.url);
  await bench.events(1);
  receiver.answer(() => {
    const steps = [{ status: 500 }, 'cut', { status: 302, headers: { location: receiver.url } }];
    return (steps[receiver.received.length - 1] ?? { status: 200 }) as { status: number };
  });
  bench.worker();
  await bench.until('delivered', 1);
  // The redirect was not followed: it was the third attempt.
  const attempts = await bench.attempts();
  assert.deepEqual(
    attempts.map(({ number, status }) => [number, status]),
    [
      [1, 500],
      [2, null],
      [3, 302],
      [4, 200],
    ],
  );
  assert.equal(new Set(receiver.received.map(({ id, body }) => id + body)).size, 1);
});

test('a webhook is dead after its last attempt, and the others go on', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  await bench.endpoint(receiver.url);
  const [poor] = await bench.events(2);
  receiver.answer(({ id }) => ({ status: id === poor ? 400 : 200 }));
  bench.worker({ attemptsMax: 3 });
  const [dead] = await bench.until('dead', 1);
  await bench.until('delivered', 1);
  assert.partialDeepStrictEqual(dead, {
    event_id: poor,
    attempt_count: 3,
    reason: 'the receiver answered 400',
  });
});

test('Retry-After delays the next attempt, at most by the longest wait', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  await bench.endpoint(receiver.url);
  const dates = ['600', new Date(Date.now() + 600_000).toUTCString(), '999999999', 'soon'];
  await bench.events(dates.length);
  let turn = 0;
  receiver.answer(() => ({ status: 503, headers: { 'retry-after': dates[turn++] ?? '' } }));
  bench.worker({ retry: { firstMs: 3_000_000, maxMs: 3_600_000 } });
  await eventually('four attempts', async () => (await bench.attempts()).length === dates.length);
  await bench.until('queued', dates.length);
  const rows = await bench.sql(
    `select round(extract(epoch from due_at - claimed_at))::int as wait from deliveries
      order by due_at`,
  );
  const waits = rows.map(({ wait }) => Number(wait));
  // The longest wait that was asked for is bounded; the others are no shorter than their backoff.
  assert.ok(
    waits.every((wait) => wait >= 1_499 && wait <= 3_605),
    `${waits}`,
  );
  assert.ok((waits.at(-1) ?? 0) >= 3_595, `${waits}`);
});

test('410 disables the endpoint, and the webhook is dead at once', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  const { id } = await bench.endpoint(receiver.url);
  receiver.answer({ status: 410 });
  await bench.events(1);
  bench.worker();
  await bench.until('dead', 1);
  const [endpoint] = await bench.sql('select state, disabled_reason from endpoints');
  assert.deepEqual(endpoint, { state: 'disabled', disabled_reason: 'gone' });
  const [entry] = await bench.sql('select actor, action, subject from audit_trail');
  assert.deepEqual(entry, {
    actor: null,
    action: 'disable-webhook-endpoint',
    subject: { endpointId: id },
  });
  // A disabled endpoint gets no deliveries of later events.
  await bench.events(1);
  assert.equal((await bench.sql('select 1 from deliveries')).length, 1);
});

test('a receiver that hangs does not hold the webhooks of another one', async (t) => {
  const receivers = [await startWebhookReceiver(t), await startWebhookReceiver(t)] as const;
  const [slow, fast] = receivers;
  slow.answer('hang');
  const bench = await start(t);
  await bench.endpoint(slow.url);
  await bench.endpoint(fast.url);
  const count = 5 * PER_ENDPOINT_MAX;
  await bench.events(count);
  bench.worker();
  await bench.until('delivered', count);
  assert.equal(fast.received.length, count);
  await eventually('attempts that hang', async () => slow.hanging() === PER_ENDPOINT_MAX);
  await bench.until('delivering', PER_ENDPOINT_MAX);
  slow.answer({ status: 204 });
  slow.release();
  await bench.until('delivered', 2 * count);
});

test('an attempt without an answer in time, or with an endless one, ends', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  await bench.endpoint(receiver.url);
  await bench.events(1);
  receiver.answer('hang');
  const hasty = bench.worker({ timeoutMs: 300, attemptsMax: 1 });
  const [dead] = await bench.until('dead', 1);
  assert.match(String(dead?.reason), /no answer within 300 ms/);
  // A busy machine may not answer within its time-out.
  await hasty.close();
  receiver.answer({ status: 200, body: Buffer.alloc(5_000_000) });
  await bench.events(1);
  bench.worker({ attemptsMax: 1 });
  await bench.until('delivered', 1);
});

test('the webhook of a process that died is sent by another one, and says so', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  await bench.endpoint(receiver.url);
  const [id] = await bench.events(1);
  receiver.answer('hang');
  bench.worker();
  await receiver.until(1);
  // As if the lease had run out.
  await bench.sql('update deliveries set due_at = now()');
  receiver.answer({ status: 204 });
  bench.worker();
  await bench.until('delivered', 1);
  assert.deepEqual(
    receiver.received.map((webhook) => webhook.id),
    [id, id],
  );
  assert.deepEqual(await bench.attempts(), [
    { number: 1, status: null, error: 'the process ended during the attempt' },
    { number: 2, status: 204, error: null },
  ]);
  // The first one was alive: its late answer is recorded, and changes nothing else.
  receiver.release(500);
  await eventually('the late answer', async () => (await bench.attempts())[0]?.status === 500);
  await bench.until('delivered', 1);
});

test('a worker that closes ends its attempts, and another one repeats them', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  await bench.endpoint(receiver.url);
  await bench.events(1);
  receiver.answer('hang');
  const worker = bench.worker();
  await receiver.until(1);
  const closed = worker.close();
  await bench.until('queued', 1);
  await closed;
  receiver.answer({ status: 204 });
  bench.worker();
  await bench.until('delivered', 1);
});

test('a claim looks at the due rows only, however many wait', async (t) => {
  const bench = await start(t);
  const [one, two] = [
    await bench.endpoint('http://127.0.0.1:1/'),
    await bench.endpoint('http://127.0.0.1:2/'),
  ];
  await bench.events(3_000);
  await bench.sql('vacuum analyze deliveries');
  const { claimDeliveries } = await import('./claim-store.ts');
  const claim = { token: '019ac0de-1111-7000-8000-00000000000b', leaseMs: 60_000 };
  const running = new Map([[one.id, PER_ENDPOINT_MAX - 2]]);
  const claimed = await claimDeliveries(bench.database, { ...claim, running });
  const of = (id: string) => claimed.filter(({ endpointId }) => endpointId === id).length;
  assert.deepEqual([of(one.id), of(two.id)], [2, PER_ENDPOINT_MAX]);
});
