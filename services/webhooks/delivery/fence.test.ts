import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { WEBHOOK_ENDPOINTS_MAX } from '#contracts/webhooks.ts';
import { eventually } from '#harness/eventually.ts';
import { startWebhookBench as start } from '#harness/system/webhook-bench.ts';
import { startWebhookReceiver } from '#harness/system/webhook-receiver.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { replayPart } from '../api/delivery-store.ts';
import { lockEndpoint } from '../endpoints/endpoint-store.ts';
import { claimDeliveries, PER_ENDPOINT_MAX } from './claim-store.ts';
import { recordAttempt } from './record-store.ts';

const NOWHERE = 'http://127.0.0.1:1/';
const claim = (db: Queryable) =>
  claimDeliveries(db, { token: randomUUID(), leaseMs: 60_000, running: new Map() });
const attempt = { durationMs: 5, status: 204, error: null };
const SINCE = { receivedAt: '2026-01-01T00:00:00Z', id: '00000000-0000-0000-0000-000000000000' };
const DELIVERED = { state: 'delivered', retryInMs: 0 } as const;

test('a claim whose lease has run out leaves the delivery to the next claim', async (t) => {
  const bench = await start(t);
  await bench.endpoint(NOWHERE);
  await bench.events(1);
  const [late] = await claim(bench.database);
  assert.ok(late);
  await bench.sql('update deliveries set due_at = now()');
  const [present] = await claim(bench.database);
  assert.ok(present);
  await recordAttempt(bench.database, { ...attempt, delivery: late }, DELIVERED);
  const [kept] = await bench.until('delivering', 1);
  assert.deepEqual([kept?.token, kept?.attempt_count], [present.token, 2]);
  assert.deepEqual(await bench.attempts(), [{ number: 1, status: 204, error: null }]);
  await recordAttempt(bench.database, { ...attempt, delivery: present }, DELIVERED);
  await bench.until('delivered', 1);
});

test('a claimed delivery is free again at the end of its lease, not before', async (t) => {
  const bench = await start(t);
  await bench.endpoint(NOWHERE);
  await bench.events(2);
  assert.equal((await claim(bench.database)).length, 2);
  assert.deepEqual(await claim(bench.database), []);
  await bench.sql("update deliveries set due_at = due_at - interval '60 seconds'");
  assert.equal((await claim(bench.database)).length, 2);
});

test('claims at the same time take different deliveries, and none waits for another', async (t) => {
  const bench = await start(t);
  await bench.endpoint(NOWHERE);
  await bench.events(20);
  const { first, second } = await bench.database.transaction(async (tx) => {
    const held = await claim(tx);
    return { first: held, second: await claim(bench.database) };
  });
  const ids = [...first, ...second].map(({ id }) => id);
  assert.deepEqual([first.length, second.length, new Set(ids).size], [16, 4, 20]);
});

test('an event that is stored again, by whichever replica, stays one delivery', async (t) => {
  const bench = await start(t);
  const { id } = await bench.endpoint(NOWHERE);
  await bench.events(1);
  await assert.rejects(
    bench.sql(
      `insert into deliveries (id, endpoint_id, event_id)
        select gen_random_uuid(), endpoint_id, event_id from deliveries where endpoint_id = $1`,
      [id],
    ),
    /duplicate key/,
  );
});

test('an attempt that the stop of a process cut does not count, and is due at once', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  await bench.endpoint(receiver.url);
  await bench.events(1);
  receiver.answer('hang');
  const worker = bench.worker({ attemptsMax: 1, retry: { firstMs: 3_600_000, maxMs: 3_600_000 } });
  await receiver.until(1);
  await worker.close();
  const [cut] = await bench.until('queued', 1);
  assert.equal(cut?.attempt_count, 0);
  const [{ due } = {}] = await bench.sql('select due_at <= now() as due from deliveries');
  assert.equal(due, true);
  assert.deepEqual(await bench.attempts(), [
    { number: 1, status: null, error: 'the process stops' },
  ]);
  receiver.answer({ status: 204 });
  bench.worker({ attemptsMax: 1 });
  await bench.until('delivered', 1);
});

test('410 during a replay waits for its end, and neither ends the other', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  const { id } = await bench.endpoint(receiver.url);
  await bench.events(1);
  receiver.answer({ status: 410 });
  await bench.database.transaction(async (tx) => {
    await lockEndpoint(tx, id);
    bench.worker();
    await eventually('a record that waits', async () => {
      const waiting = await bench.sql(
        `select from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return waiting.length === 1;
    });
    // A replay locks each delivery, also those that it leaves as they are.
    assert.equal((await replayPart(tx, id, SINCE, 10)).queued, 0);
  });
  await bench.until('dead', 1);
  assert.equal(receiver.received.length, 1, 'its attempt was recorded at once');
});

test('a replay leaves a webhook under way to its claim, and repeats one that was delivered', async (t) => {
  const bench = await start(t);
  const { id } = await bench.endpoint(NOWHERE);
  const [first] = await bench.events(1);
  const [held] = await claim(bench.database);
  assert.ok(held);
  const replay = async () => (await replayPart(bench.database, id, SINCE, 10)).queued;
  assert.equal(await replay(), 0);
  await recordAttempt(bench.database, { ...attempt, delivery: held }, DELIVERED);
  await bench.until('delivered', 1);
  assert.deepEqual([await replay(), await replay()], [1, 0]);
  const [again] = await claim(bench.database);
  // The number goes on, so that the attempts of both are shown.
  assert.deepEqual([again?.eventId, again?.number, again?.count], [first, 2, 1]);
  // A late record of the claim before the replay changes nothing.
  const late = { ...attempt, status: 500, error: 'late', delivery: held };
  await recordAttempt(bench.database, late, { state: 'dead', retryInMs: 0 });
  await bench.until('delivering', 1);
});

test('an attempt is signed at the moment of its clock, whatever that of the machine says', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  await bench.endpoint(receiver.url);
  await bench.events(1);
  bench.worker({ now: () => new Date('2031-05-06T07:08:09.999Z') });
  const [webhook] = await receiver.until(1);
  assert.equal(webhook?.timestamp, Date.parse('2031-05-06T07:08:09Z') / 1_000);
});

test('fifty endpoints with a backlog get all of it, in spite of one that hangs', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await start(t);
  for (let number = 1; number <= WEBHOOK_ENDPOINTS_MAX; number++) {
    await bench.endpoint(`${receiver.url}/${number}`);
  }
  const count = 20;
  await bench.events(count);
  receiver.answer(({ path }) => (path === '/hook/1' ? 'hang' : { status: 204 }));
  bench.worker();
  await bench.until('delivered', (WEBHOOK_ENDPOINTS_MAX - 1) * count);
  await eventually('attempts that hang', async () => receiver.hanging() === PER_ENDPOINT_MAX);
  await bench.until('delivering', PER_ENDPOINT_MAX);
});
