import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '#harness/broker/contract-helpers.ts';
import {
  idOf,
  idsOf,
  insertRow,
  type Outbox,
  openOutbox,
  unpublished,
} from '#harness/broker/outbox.ts';
import type { IncomingMessage } from '../broker/port/broker.ts';
import type { Queryable } from '../postgres/database.ts';

/** Truncates the log, as a power cut may for a broker that acknowledges before it syncs. */
async function loseTail({ log, topic }: Outbox, partition: number, from: string): Promise<void> {
  const values = [topic, partition, from];
  const place = 'topic = (select number from topics where name = $1) and partition = $2';
  await log.query(`update partitions set next_offset = $3 where ${place}`, values);
  await log.query(`delete from messages where ${place} and "offset" >= $3`, values);
}

async function publishedRows(db: Queryable) {
  const { rows } = await db.query<{ id: string; partition: number; offset: string }>(
    'select id, partition, "offset" from outbox where published_at is not null order by "offset"',
  );
  return rows;
}

test('I5: what the broker acknowledged and lost goes out again, and nothing else', async (t) => {
  const outbox = await openOutbox(t);
  const { database, broker, topic, relay } = outbox;
  for (let row = 0; row < 60; row++) await insertRow(database);
  const first = relay();
  await until('all are marked', async () => (await unpublished(database)) === 0);
  await first.close();
  const rows = await publishedRows(database);
  const { partition } = rows.at(-1) as { partition: number };
  await loseTail(outbox, partition, '2');
  assert.ok(rows.filter((row) => row.partition === partition).length > 2);

  // A relay checks when it starts. Then a new group reads the whole log from its beginning.
  relay();
  const log: IncomingMessage[] = [];
  await broker.subscribe(topic, 'after the loss', async (messages) => {
    log.push(...messages);
  });
  await until('the lost ones are back', () => idsOf(log).size === 60);
  assert.equal(log.length, 60);
  await until('all are marked', async () => (await unpublished(database)) === 0);
  for (const { id, partition, offset } of await publishedRows(database)) {
    const found = log.find((message) => idOf(message) === id);
    assert.deepEqual([found?.partition, String(found?.offset)], [partition, offset]);
  }
});

test('a recreated topic is not mistaken for one that lost its tail', async (t) => {
  const outbox = await openOutbox(t);
  const { database, broker, log, topic, received, relay } = outbox;
  for (let row = 0; row < 20; row++) await insertRow(database);
  const first = relay();
  await until('all are marked', async () => (await unpublished(database)) === 0);
  await until('all arrived', () => idsOf(received).size === 20);
  await first.close();
  await log.query('delete from topics where name = $1', [topic]);
  const headers = { ce_id: 'the first of the new topic' };
  await broker.publish(topic, [{ key: 'thing', value: Buffer.from('{}'), headers }]);
  await until('it is read', () => idsOf(received).has(headers.ce_id));
  received.length = 0;

  relay();
  const fresh = await insertRow(database);
  await until('the new one arrived', () => idsOf(received).has(fresh));
  assert.deepEqual(idsOf(received), new Set([fresh]));
});

test('rows are published even while the broker cannot report its end offsets', async (t) => {
  const { database, broker, received, relay } = await openOutbox(t);
  const before = await insertRow(database);
  const first = relay();
  await until('it is marked', async () => (await unpublished(database)) === 0);
  await first.close();
  let asked = 0;
  relay({
    broker: {
      ...broker,
      async endOffsets() {
        asked++;
        throw new Error('no answer');
      },
    },
  });
  const after = await insertRow(database);
  await until('both arrived', () => idsOf(received).size === 2);
  assert.deepEqual(idsOf(received), new Set([before, after]));
  assert.equal(asked, 1);
});

test('I5: a broker that could not report its end offsets is asked again soon', async (t) => {
  const outbox = await openOutbox(t);
  const { database, broker, topic, relay } = outbox;
  for (let row = 0; row < 20; row++) await insertRow(database);
  const first = relay();
  await until('all are marked', async () => (await unpublished(database)) === 0);
  await first.close();
  const { partition } = (await publishedRows(database)).at(-1) as { partition: number };
  await loseTail(outbox, partition, '0');
  let asked = 0;
  relay({
    broker: {
      ...broker,
      async endOffsets(name) {
        if (asked++ === 0) throw new Error('no answer yet');
        return broker.endOffsets(name);
      },
    },
  });
  const log: IncomingMessage[] = [];
  await broker.subscribe(topic, 'after the loss', async (messages) => {
    log.push(...messages);
  });
  await until('the lost ones are back', () => idsOf(log).size === 20);
  assert.equal(asked, 2);
});
