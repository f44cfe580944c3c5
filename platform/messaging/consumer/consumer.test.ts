import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Type } from 'typebox';
import * as operations from '#contracts/dead-letters.ts';
import { makeBroker } from '#harness/broker/embedded-broker.ts';
import { createHandedBroker } from '#harness/broker/handed-broker.ts';
import { createTestDatabaseUrl, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import type { Broker, IncomingMessage } from '../../broker/port/broker.ts';
import { createHttpServer, listen, serve } from '../../http/server.ts';
import { createDatabase, type Queryable } from '../../postgres/database.ts';
import { migrate } from '../../postgres/migrate.ts';
import { type ConsumedEvent, startConsumer } from './consumer.ts';
import { serveConsumer } from './dead-letter-routes.ts';

// A second user of the consumer: points for purchases. It knows nothing of letters.

const TYPE = 'shop.Purchase.v1';
const Purchase = Type.Object({ customer: Type.String(), points: Type.Integer({ minimum: 1 }) });

async function insertPoints(
  db: Queryable,
  events: ConsumedEvent<{ customer: string; points: number }>[],
): Promise<void> {
  await db.query(
    `insert into points (event_id, customer, points)
      select * from unnest($1::uuid[], $2::text[], $3::int[]) on conflict (event_id) do nothing`,
    [
      events.map(({ id }) => id),
      events.map(({ data }) => data.customer),
      events.map(({ data }) => data.points),
    ],
  );
}

async function openPoints(t: TestContext) {
  const url = await createTestDatabaseUrl(t, () => database.close());
  const options = { url, connectionsMax: 10, applicationName: 'test', log: testLog };
  const database = createDatabase(options);
  await database.query(
    `create table points (event_id uuid primary key, customer text not null,
      points integer not null check (points < 1000))`,
  );
  const start = (broker: Broker, onStored = () => {}) =>
    startConsumer({
      database,
      broker,
      topic: 'purchases',
      group: 'points',
      type: TYPE,
      schema: Purchase,
      store: insertPoints,
      onStored,
      log: testLog,
      now: () => new Date(),
    });
  const points = async () =>
    (await database.query('select customer, points from points order by points')).rows;
  return { database, start, points };
}

/** A message as a producer publishes it. */
function purchase(value: unknown, headers: Record<string, string> = {}) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const all = { ce_id: randomUUID(), ce_type: TYPE, ...headers };
  return { key: 'anna', value: Buffer.from(text), headers: all };
}

let nextOffset = 0n;

/** The same as a broker delivers it. */
function delivered(value: unknown, headers: Record<string, string> = {}): IncomingMessage {
  const { key, headers: texts, ...message } = purchase(value, headers);
  const entries = Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]);
  return {
    ...message,
    key: Buffer.from(key),
    headers: Object.fromEntries(entries),
    topic: 'purchases',
    partition: 0,
    offset: nextOffset++,
    timestamp: new Date(),
  };
}

test('a second consumer: stored once by event id, poison dead, other types skipped', async (t) => {
  const { start, points } = await openPoints(t);
  const { broker } = await makeBroker(t);
  let stored = 0;
  const consumer = await start(broker, () => void stored++);
  const first = purchase({ customer: 'anna', points: 5 });
  await broker.publish('purchases', [
    first,
    purchase({ customer: 'anna', points: 0 }),
    purchase('anything', { ce_type: 'shop.Return.v1' }),
    first,
    // Only the database refuses it.
    purchase({ customer: 'anna', points: 1_000 }),
    purchase({ customer: 'anna', points: 7 }),
  ]);
  await eventually('everything is handled', async () => {
    const [lag] = (await broker.lag('purchases', 'points')).filter(({ end }) => end > 0n);
    return lag !== undefined && lag.position === lag.end;
  });
  assert.deepEqual(
    (await points()).map((row) => row.points),
    [5, 7],
  );
  assert.ok(stored > 0);
  const { data: dead } = await consumer.deadLetters.list({ state: 'dead', before: null, limit: 9 });
  assert.deepEqual(dead.map(({ error }) => error.replace(/:? .*/s, '')).sort(), ['new', 'schema']);
  const readings = await Promise.all(
    consumer.metrics.map(async ({ name, read }) => [name, (await read()).at(-1)?.value]),
  );
  assert.deepEqual(Object.fromEntries(readings), {
    orderbell_consumer_lag: 0,
    orderbell_dead_letters: 2,
    orderbell_messages_of_unknown_type_total: 1,
  });
  await consumer.close();
});

test('dead letters of a page are read only until it is full, and the pages lead to all', async (t) => {
  const { start } = await openPoints(t);
  const { broker, handle } = createHandedBroker();
  const consumer = await start(broker);
  const value = 'x'.repeat(900_000);
  const headers = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`x-${index}`, 'h'.repeat(2_000)]),
  );
  for (let count = 0; count < 9; count++) {
    await handle([delivered(`${value}${count}`, count % 2 === 0 ? {} : headers)]);
  }
  const seen: string[] = [];
  const sizes: number[] = [];
  let page: Awaited<ReturnType<typeof consumer.deadLetters.list>>;
  do {
    const before = seen.at(-1) ?? null;
    page = await consumer.deadLetters.list({ state: 'dead', before, limit: 9 });
    sizes.push(page.data.length);
    seen.push(...page.data.map(({ id }) => id));
  } while (page.more);
  assert.equal(new Set(seen).size, 9);
  // A value counts as 16 KiB, headers as the 125 KB that are read of them at most.
  assert.ok(Math.max(...sizes) <= 5 && Math.min(...sizes) >= 1, String(sizes));
});

test('a dead letter is redriven by its API once the database takes it', async (t) => {
  const { database, start, points } = await openPoints(t);
  const { broker, handle } = createHandedBroker();
  const consumer = await start(broker);
  await handle([delivered({ customer: 'anna', points: 1_000 })]);
  const app = createHttpServer({ log: testLog });
  const identify = async () => 'gateway';
  serveConsumer(
    { app, serve: (endpoint, answer) => serve(app, endpoint, { identify }, answer) },
    operations,
    consumer,
  );
  t.after(() => app.close());
  const url = `${await listen(app, '127.0.0.1', 0)}/operator/dead-letters`;
  const ask = async (path: string, method = 'POST') =>
    (await fetch(`${url}${path}`, { method })).json() as Promise<operations.DeadLetter>;

  const refused = await ask('/redrive');
  assert.deepEqual(refused, { redriven: 0, refused: 1, dead: 1 });
  await database.query('alter table points drop constraint points_points_check');
  const { data } = await consumer.deadLetters.list({ state: null, before: null, limit: 9 });
  const [dead] = data;
  const redriven = await ask(`/${dead?.id}/redrive`);
  assert.deepEqual([redriven.state, redriven.redrives], ['redriven', 2]);
  assert.deepEqual(await ask(`/${dead?.id}`, 'GET'), redriven);
  assert.equal((await fetch(`${url}/${randomUUID()}`)).status, 404);
  assert.deepEqual(await points(), [{ customer: 'anna', points: 1_000 }]);
});

test('messages that several partitions bring at the same time share a transaction', async (t) => {
  const { database, start } = await openPoints(t);
  const { broker, handle } = createHandedBroker();
  await start(broker);
  const again = delivered({ customer: 'anna', points: 1 });
  const other = () => delivered({ customer: 'anna', points: 2 });
  await Promise.all([[again, other()], [other()], [again]].map(handle));
  const { rows } = await database.query(
    'select count(*)::int as rows, count(distinct xmin::text)::int as transactions from points',
  );
  assert.deepEqual(rows, [{ rows: 3, transactions: 1 }]);
});

test('content that the database refuses fails its own partition only', async (t) => {
  const { database, start, points } = await openPoints(t);
  const { broker, handle } = createHandedBroker();
  const consumer = await start(broker);
  const refused = delivered({ customer: 'anna', points: 1_000 });
  const parts = [[delivered({ customer: 'a', points: 1 })], [refused]];
  await Promise.all([...parts, [delivered({ customer: 'b', points: 2 })]].map(handle));
  assert.equal((await points()).length, 2);
  assert.equal(await consumer.deadLetters.count(), 1);
  const { rows } = await database.query('select "offset" from dead_letters');
  assert.deepEqual(rows, [{ offset: String(refused.offset) }]);
});

test('the tables of a consumer and those of notifications are the same', async (t) => {
  const { database, start } = await openPoints(t);
  await start(createHandedBroker().broker);
  const url = await createTestDatabaseUrl(t, () => older.close());
  const options = { url, connectionsMax: 2, applicationName: 'test', log: testLog };
  const older = createDatabase(options);
  await migrate(older, new URL('../../../services/notifications/migrations/', import.meta.url));
  const shapeOf = async (db: Queryable) => {
    const columns = await db.query(
      `select column_name, data_type, is_nullable, column_default
        from information_schema.columns where table_name = 'dead_letters' order by column_name`,
    );
    const indexes = await db.query(
      `select indexdef from pg_indexes where tablename = 'dead_letters' order by indexdef`,
    );
    return [columns.rows, indexes.rows];
  };
  // On a database that has the table already, the first migration changes nothing.
  await migrate(older, new URL('migrations/', import.meta.url));
  assert.deepEqual(await shapeOf(older), await shapeOf(database));
});
