import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startWebhookBench } from '#harness/system/webhook-bench.ts';
import { startWebhookReceiver } from '#harness/system/webhook-receiver.ts';
import { removeEndpoint } from '../endpoints/endpoint-store.ts';
import * as store from './retention-store.ts';

const DAYS = 30;
const NOWHERE = 'http://127.0.0.1:1/';

type Bench = Awaited<ReturnType<typeof startWebhookBench>>;

/** An event that was stored so many days ago, with a delivery in this state. @returns its id */
async function eventOf(bench: Bench, days: number, state: string, queuedDays = days) {
  const [id = ''] = await bench.events(1);
  await bench.sql(
    "update events set received_at = received_at - $2 * interval '1 day' where id = $1",
    [id, days],
  );
  await bench.sql(
    `update deliveries set state = $2, queued_at = now() - $3 * interval '1 day'
      where event_id = $1`,
    [id, state, queuedDays],
  );
  return id;
}

const idsOf = async (bench: Bench, sql: string) =>
  (await bench.sql(sql)).map((row) => Object.values(row)[0]).sort();

test('old events go with their deliveries, those that are under way or younger stay', async (t) => {
  const bench = await startWebhookBench(t);
  await bench.endpoint(NOWHERE);
  for (const state of ['delivered', 'dead', 'queued']) await eventOf(bench, DAYS + 1, state);
  const kept = [
    await eventOf(bench, DAYS + 1, 'delivering'),
    await eventOf(bench, DAYS - 1, 'delivered'),
    // A replay has queued it again.
    await eventOf(bench, DAYS + 1, 'delivered', 1),
  ];
  await bench.sql(
    `insert into attempts (delivery_id, number, started_at, duration_ms)
      select id, 1, now(), 1 from deliveries`,
  );
  assert.equal(await store.deleteOldEvents(bench.database, DAYS), 0);
  assert.equal(await store.deleteOldDeliveries(bench.database, DAYS), 3);
  assert.equal(await store.deleteOldDeliveries(bench.database, DAYS), 0);
  assert.equal(await store.deleteOldEvents(bench.database, DAYS), 3);
  assert.deepEqual(await idsOf(bench, 'select id from events'), kept.toSorted());
  assert.deepEqual(await idsOf(bench, 'select event_id from deliveries'), kept.toSorted());
  assert.equal((await bench.attempts()).length, kept.length);
});

test('a removed endpoint goes with all its deliveries, part by part, and no other', async (t) => {
  const bench = await startWebhookBench(t);
  const { id } = await bench.endpoint(NOWHERE);
  await bench.events(store.BATCH + 1);
  const other = await bench.endpoint(NOWHERE);
  await bench.events(1);
  await removeEndpoint(bench.database, id);
  assert.equal(await store.deleteOfRemovedEndpoints(bench.database), store.BATCH);
  // Not before its last delivery.
  assert.equal(await store.deleteRemovedEndpoints(bench.database), 0);
  assert.equal(await store.deleteOfRemovedEndpoints(bench.database), 2);
  assert.equal(await store.deleteRemovedEndpoints(bench.database), 1);
  assert.deepEqual(await idsOf(bench, 'select id from endpoints'), [other.id]);
  assert.deepEqual(await idsOf(bench, 'select endpoint_id from deliveries'), [other.id]);
});

test('the endpoint of a webhook under way is removed without an error', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await startWebhookBench(t);
  const { id } = await bench.endpoint(receiver.url);
  await bench.events(1);
  receiver.answer('hang');
  const outcomes: string[] = [];
  const worker = bench.worker({ onRecorded: (outcome) => outcomes.push(outcome) });
  await receiver.until(1);
  await removeEndpoint(bench.database, id);
  assert.equal(await store.deleteOfRemovedEndpoints(bench.database), 1);
  assert.equal(await store.deleteRemovedEndpoints(bench.database), 1);
  receiver.release();
  await worker.close();
  assert.deepEqual([outcomes, await bench.attempts()], [['delivered'], []]);
});
