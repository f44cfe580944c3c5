import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '#harness/broker/contract-helpers.ts';
import { idOf, idsOf, insertRow, openOutbox, unpublished } from '#harness/broker/outbox.ts';
import type { Broker } from '../broker/port/broker.ts';
import { type Database, queryWithTimeout } from '../postgres/database.ts';
import { yieldMsAt } from './outbox-relay.ts';

// Invariant I5, the part of the relay: what is committed in the outbox arrives, at least once.

// The product's statement timeout applies only to the relay's statements, not to the set-up.
const SETUP_TIMEOUT_MS = 120_000;

/** A broker that does something else while `broken`. */
function breakable(broker: Broker, instead: Broker['publish']): { broker: Broker; heal(): void } {
  let broken = true;
  return {
    broker: {
      ...broker,
      publish: (topic, messages) => (broken ? instead : broker.publish)(topic, messages),
    },
    heal() {
      broken = false;
    },
  };
}

test('a row becomes a CloudEvent in binary mode and records its position on the topic', async (t) => {
  const { database, topic, received, relay } = await openOutbox(t);
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const id = await insertRow(database, { aggregate: 'thing-7', traceparent });
  const bare = await insertRow(database, { aggregate: 'thing-8' });
  relay();
  await until('both arrived', () => idsOf(received).size === 2);
  const message = received.find((each) => idOf(each) === id);
  assert.ok(message);
  assert.equal(String(message.key), 'thing-7');
  assert.deepEqual(JSON.parse(String(message.value)), { id, text: 'привет' });
  const { ce_time: time, ...headers } = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, String(value)]),
  );
  assert.deepEqual(headers, {
    ce_specversion: '1.0',
    ce_id: id,
    ce_type: 'thing.v1',
    ce_source: '/things',
    ce_subject: 'thing-7',
    'content-type': 'application/json',
    traceparent,
  });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(!('traceparent' in (received.find((each) => idOf(each) === bare)?.headers ?? {})));

  await until('both are marked', async () => (await unpublished(database)) === 0);
  const { rows } = await database.query('select * from outbox where id = $1', [id]);
  assert.deepEqual(
    [rows[0].partition, rows[0].offset, rows[0].leased_until],
    [message.partition, String(message.offset), null],
  );
  assert.match(rows[0].topic_id, /^[0-9a-f-]{36}$/);
  assert.equal(message.topic, topic);
});

test('two relays at once publish and mark every row', async (t) => {
  const { database, received, relay } = await openOutbox(t);
  const ids = new Set<string>();
  for (let row = 0; row < 200; row++) ids.add(await insertRow(database));
  const relays = [relay(), relay()];
  for (let row = 0; row < 200; row++) {
    ids.add(await insertRow(database));
    relays[row % 2]?.kick();
  }
  await until('all are marked', async () => (await unpublished(database)) === 0);
  await until('all arrived', () => idsOf(received).size === 400);
  assert.deepEqual(idsOf(received), ids);
});

test('a backlog that the statistics of the table know nothing of goes out', async (t) => {
  const { database, relay } = await openOutbox(t);
  const insertMany = (count: number, published: string) =>
    queryWithTimeout(database, SETUP_TIMEOUT_MS, {
      text: `insert into outbox (id, aggregatetype, aggregateid, type, payload, published_at)
       select gen_random_uuid(), 'thing', gen_random_uuid(), 'thing.v1', '{}', ${published}
       from generate_series(1, $1)`,
      values: [count],
    });
  await insertMany(2_000, 'now()');
  await database.query('analyze outbox');
  await insertMany(40_000, 'null');
  relay();
  // Each statement has its time: one that compares all with all, or with a batch, has not enough.
  await until('all are marked', async () => (await unpublished(database)) === 0);
});

test('events of one aggregate keep their order with two relays', async (t) => {
  const { database, received, relay } = await openOutbox(t);
  const ids: string[] = [];
  for (let row = 0; row < 6; row++) ids.push(await insertRow(database, { aggregate: 'thing' }));
  const relays = [relay(), relay()];
  await until('all arrived', () => {
    for (const each of relays) each.kick();
    return idsOf(received).size === 6;
  });
  assert.deepEqual([...idsOf(received)], ids);
});

test('while the broker is down rows stay, and drain when it is back', async (t) => {
  const { database, broker, received, relay } = await openOutbox(t);
  let refused = 0;
  const down = breakable(broker, async () => {
    refused++;
    throw new Error('broker down');
  });
  relay({ broker: down.broker });
  for (let row = 0; row < 20; row++) await insertRow(database);
  await until('it was tried several times', () => refused >= 3);
  assert.deepEqual([await unpublished(database), received.length], [20, 0]);
  down.heal();
  await until('all are marked', async () => (await unpublished(database)) === 0);
  await until('all arrived', () => idsOf(received).size === 20);
});

test('what was stored although the publish failed comes again under the same id', async (t) => {
  const { database, broker, received, relay } = await openOutbox(t);
  const lost = breakable(broker, async (topic, messages) => {
    await broker.publish(topic, messages);
    lost.heal();
    throw new Error('acknowledgement lost');
  });
  const id = await insertRow(database);
  relay({ broker: lost.broker });
  await until('it came twice', () => received.length === 2);
  assert.deepEqual(received.map(idOf), [id, id]);
  await until('it is marked', async () => (await unpublished(database)) === 0);
});

test('when the mark is lost, the row is published again under the same id', async (t) => {
  const { database, received, relay } = await openOutbox(t);
  let lost = 0;
  const query = (async (statement: string | { name?: string }, values?: unknown[]) => {
    if (typeof statement === 'object' && statement.name === 'mark-published' && lost++ === 0) {
      throw new Error('connection lost');
    }
    return (database.query as (...args: unknown[]) => unknown)(statement, values);
  }) as unknown as Database['query'];
  const id = await insertRow(database);
  relay({ database: { ...database, query } });
  await until('the mark was lost', () => lost === 1);
  assert.equal(await unpublished(database), 1);
  // Expires the lease, as 15 s would: to another relay this one may be dead.
  await database.query("update outbox set leased_until = now() - interval '1 second'");
  await until('it came twice', () => received.length === 2);
  assert.deepEqual(received.map(idOf), [id, id]);
  await until('it is marked', async () => (await unpublished(database)) === 0);
});

test('a row that commits late with a lower sequence is not lost', async (t) => {
  const { database, received, relay } = await openOutbox(t);
  const late = await database.dedicatedClient();
  try {
    await late.query('begin');
    const first = await insertRow(late);
    const second = await insertRow(database);
    const { kick } = relay();
    await until('the later one is marked', async () => {
      const { rows } = await database.query('select published_at from outbox where id = $1', [
        second,
      ]);
      return rows[0].published_at !== null;
    });
    await late.query('commit');
    kick();
    await until('both arrived', () => idsOf(received).size === 2);
    assert.deepEqual(idsOf(received), new Set([first, second]));
  } finally {
    await late.end();
  }
});

test('closing waits for the batch under way', async (t) => {
  const { database, broker, relay } = await openOutbox(t);
  const gate = Promise.withResolvers<void>();
  let publishing = false;
  const slow = breakable(broker, async (topic, messages) => {
    publishing = true;
    await gate.promise;
    return broker.publish(topic, messages);
  });
  await insertRow(database);
  const running = relay({ broker: slow.broker });
  await until('it publishes', () => publishing);
  const closing = running.close();
  gate.resolve();
  await closing;
  assert.equal(await unpublished(database), 0);
});

test('closing does not wait for a broker that hangs, and its batch goes out later', async (t) => {
  const { database, broker, received, relay } = await openOutbox(t);
  const asked = Promise.withResolvers<void>();
  const hanging = breakable(broker, () => {
    asked.resolve();
    return new Promise(() => {});
  });
  const id = await insertRow(database);
  const hung = relay({ broker: hanging.broker });
  await asked.promise;
  await hung.close();
  assert.equal(await unpublished(database), 1);
  // As if the lease of the batch had ended.
  await database.query('update outbox set leased_until = null');
  relay();
  await until('it arrived', () => idsOf(received).has(id));
});

test('a backlog yields the longer, the less time the thread has left, and never stops', () => {
  assert.deepEqual([0, 0.5, 0.75, 0.99, 1].map(yieldMsAt), [10, 20, 40, 80, 80]);
});
