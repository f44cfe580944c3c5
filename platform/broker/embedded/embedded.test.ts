import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertComplete,
  burst,
  distinct,
  names,
  numberOf,
  until,
} from '#harness/broker/contract-helpers.ts';
import { brokerContract } from '#harness/broker/contract-suite.ts';
import {
  APPLICATION,
  createGate,
  insertRaw,
  makeBroker,
  publishSurely,
  rawClient,
} from '#harness/broker/embedded-broker.ts';
import { AppError } from '../../errors.ts';
import type { IncomingMessage, OutgoingMessage } from '../port/broker.ts';

brokerContract('embedded broker', makeBroker);

test('a transaction that commits late is waited for, not skipped', async (t) => {
  const { broker } = await makeBroker(t);
  const { topic, group } = names();
  const received: IncomingMessage[] = [];
  const [first] = await broker.publish(topic, burst(1, 1));
  assert.ok(first);
  await broker.subscribe(topic, group, async (messages) => {
    received.push(...messages);
  });
  await until('the first message arrived', () => received.length === 1);

  const late = await rawClient(t);
  await late.query('begin');
  const message = { key: Buffer.from('key-0'), value: Buffer.from('1'), headers: [] };
  await insertRaw(late, topic, first.partition, message);
  const published = publishSurely(broker, topic, burst(1, 1, 2));
  const observer = await rawClient(t);
  await until('the publisher waits for the lock', async () => {
    const { rowCount } = await observer.query(
      `select from pg_stat_activity
       where datname = current_database() and application_name = $1 and wait_event_type = 'Lock'`,
      [APPLICATION],
    );
    return rowCount === 1;
  });
  assert.equal(received.length, 1);
  await late.query('commit');
  await published;
  await until('both arrived', () => distinct(received) === 3);
  assert.deepEqual(received.map(numberOf), [0, 1, 2]);
});

test('a consumer that lost its lease cannot commit', async (t) => {
  const { broker } = await makeBroker(t);
  const { topic, group } = names();
  const raw = await rawClient(t);
  const gate = await createGate(t);
  let calls = 0;
  const received: IncomingMessage[] = [];
  await broker.publish(topic, burst(5, 1));
  const lease = `update positions set lease_owner = $1, lease_until = now() + interval '1 hour'
                 where "group" = '${group}'`;
  await broker.subscribe(topic, group, async (messages) => {
    if (++calls === 1) await gate.promise;
    received.push(...messages);
  });
  await until('the handler runs', () => calls === 1);
  await raw.query(lease, ['00000000-0000-4000-8000-000000000000']);
  gate.resolve();
  await until('the first handler is done', () => received.length === 5);
  // Given back only now: the same messages come again because the position did not move.
  await raw.query(lease, [null]);
  await until('they came again', () => received.length === 10);
  assert.deepEqual(received.map(numberOf), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
  await until('committed now', async () =>
    (await broker.lag(topic, group)).every(({ position, end }) => position === end),
  );
});

test('a lease is renewed while a handler runs', async (t) => {
  const first = await makeBroker(t, { leaseMs: 600 });
  const { topic, group } = names();
  const raw = await rawClient(t);
  const gate = await createGate(t);
  let calls = 0;
  await first.broker.publish(topic, burst(1, 1));
  await first.broker.subscribe(topic, group, async () => {
    calls++;
    await gate.promise;
  });
  await until('the handler runs', () => calls === 1);
  const leaseUntil = async () => {
    const { rows } = await raw.query('select max(lease_until) as until from positions');
    return rows[0].until.getTime() as number;
  };
  const firstUntil = await leaseUntil();
  await until('renewed past several leases', async () => (await leaseUntil()) > firstUntil + 1_800);
  gate.resolve();
  await until('committed', async () =>
    (await first.broker.lag(topic, group)).every(({ position, end }) => position === end),
  );
  assert.equal(calls, 1);
});

test('the position of a group never moves back', async (t) => {
  const { broker } = await makeBroker(t);
  const { topic, group } = names();
  const raw = await rawClient(t);
  const gate = await createGate(t);
  let calls = 0;
  const [first] = await broker.publish(topic, burst(5, 1));
  await broker.subscribe(topic, group, async () => {
    calls++;
    await gate.promise;
  });
  await until('the handler runs', () => calls === 1);
  await raw.query('update positions set position = 100 where partition = $1', [first?.partition]);
  gate.resolve();
  await broker.close();
  const { rows } = await raw.query('select max(position) as position from positions');
  assert.equal(rows[0].position, '100');
});

test('members settle on equal shares of the partitions', async (t) => {
  // With a lease of an hour only what is given back can change hands.
  const make = () => makeBroker(t, { leaseMs: 3_600_000 });
  const brokers = [await make(), await make(), await make()];
  const { topic, group } = names();
  const raw = await rawClient(t);
  const shares = async () => {
    const { rows } = await raw.query(
      'select count(*)::int as n from positions where lease_owner is not null group by lease_owner',
    );
    return rows.map(({ n }) => n).join();
  };
  for (const [index, expected] of ['6', '3,3', '2,2,2'].entries()) {
    await brokers[index]?.broker.subscribe(topic, group, async () => {});
    await until(`shares are ${expected}`, async () => (await shares()) === expected);
  }
  await brokers[1]?.broker.close();
  await until('shares are 3,3 again', async () => (await shares()) === '3,3');
});

test('every connection is terminated in the middle of traffic: nothing lost, in order', async (t) => {
  const brokers = [await makeBroker(t), await makeBroker(t)] as const;
  const { topic, group } = names();
  const raw = await rawClient(t);
  const received: IncomingMessage[] = [];
  for (const { broker } of brokers) {
    await broker.subscribe(topic, group, async (messages) => {
      received.push(...messages);
    });
  }
  let terminated = 0;
  for (let from = 0; from < 4_000; from += 20) {
    const published = publishSurely(brokers[0].broker, topic, burst(20, 20, from));
    if (from % 400 === 200) {
      const { rowCount } = await raw.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = $1`,
        [APPLICATION],
      );
      terminated += rowCount ?? 0;
    }
    await published;
  }
  await until('all arrived', () => distinct(received) === 4_000);
  assertComplete(received, 4_000);
  assert.ok(terminated >= 10);
});

test('a publish of many bytes takes several statements and loses nothing', async (t) => {
  const { broker } = await makeBroker(t);
  const { topic, group } = names();
  const raw = await rawClient(t);
  const large = (size: number): OutgoingMessage => ({
    key: 'one',
    headers: {},
    value: Buffer.alloc(size, 7),
  });
  const mebibyte = 1024 * 1024;
  const messages = [...Array.from({ length: 9 }, () => large(mebibyte)), large(5 * mebibyte)];
  const positions = await broker.publish(topic, [...messages, large(1)]);
  assert.deepEqual(
    positions.map(({ offset }) => offset),
    positions.map((_, index) => BigInt(index)),
  );
  const { rows } = await raw.query(
    'select sum(length(value))::int as bytes, count(*)::int as n from messages group by xmin::text',
  );
  for (const { bytes, n } of rows) assert.ok(bytes <= 4 * mebibyte || n === 1, `${n}: ${bytes}`);

  const sizes: number[][] = [];
  await broker.subscribe(topic, group, async (batch) => {
    sizes.push(batch.map(({ value }) => value?.length ?? 0));
  });
  await until('all arrived', () => sizes.flat().length === 11);
  assert.deepEqual(
    sizes.flat(),
    [...messages, large(1)].map(({ value }) => value.length),
  );
  for (const batch of sizes) {
    const before = batch.slice(0, -1).reduce((sum, size) => sum + size, 0);
    assert.ok(before < 4 * mebibyte, `handed over at once: ${batch.join()}`);
  }
});

test('publishers that create a topic at the same moment create one', async (t) => {
  const brokers = [await makeBroker(t), await makeBroker(t), await makeBroker(t)];
  const { topic } = names();
  const acknowledged = await Promise.all(
    brokers.map((each) => each.broker.publish(topic, burst(20))),
  );
  assert.equal(new Set(acknowledged.flat().map(({ topicId }) => topicId)).size, 1);
});

test('publishers of many partitions at once do not deadlock', async (t) => {
  const brokers = [await makeBroker(t), await makeBroker(t), await makeBroker(t)];
  const { topic } = names();
  const raw = await rawClient(t);
  await Promise.all(
    brokers.map(async ({ broker }, index) => {
      const messages = index % 2 === 0 ? burst(60, 60) : burst(60, 60).reverse();
      for (let round = 0; round < 60; round++) await broker.publish(topic, messages);
    }),
  );
  const { rows } = await raw.query(
    'select deadlocks from pg_stat_database where datname = current_database()',
  );
  assert.equal(rows[0].deadlocks, '0');
  const { rows: gaps } = await raw.query(
    `select p.partition from partitions p left join messages m using (topic, partition)
     group by p.topic, p.partition having count(m) <> p.next_offset`,
  );
  assert.deepEqual(gaps, []);
});

test('a removed topic is recreated with another id', async (t) => {
  const [publisher, consumer] = [await makeBroker(t), await makeBroker(t)];
  const { topic, group } = names();
  const raw = await rawClient(t);
  const received: IncomingMessage[] = [];
  await consumer.broker.subscribe(topic, group, async (messages) => {
    received.push(...messages);
  });
  const [before] = await publisher.broker.publish(topic, burst(1));
  await until('the first arrived', () => received.length === 1);
  await raw.query('delete from topics');
  const [after] = await publisher.broker.publish(topic, burst(1, 1, 1));
  assert.notEqual(after?.topicId, before?.topicId);
  await until('the second arrived', () => distinct(received) === 2);
});

test('old messages are deleted once every group has handled them', async (t) => {
  const { broker } = await makeBroker(t);
  const { topic, group } = names();
  const raw = await rawClient(t);
  const unread = names().topic;
  await broker.publish(unread, burst(5));
  await broker.publish(topic, burst(1_500, 1));
  await broker.subscribe(topic, group, async () => {});
  await until('all were handled', async () =>
    (await broker.lag(topic, group)).every(({ position, end }) => position === end),
  );
  await broker.close();
  await raw.query(
    `update messages set stored_at = now() - interval '8 days' where "offset" < 1400`,
  );
  await raw.query('update positions set position = 1200 where position = 1500');
  const waiting = await makeBroker(t);
  await waiting.broker.publish(topic, burst(1, 1, 1_500));

  const count = async () => (await raw.query('select from messages')).rowCount;
  // 5 of a topic without a group, 200 not handled, 100 young ones, 1 new one.
  await until('the old ones are gone', async () => (await count()) === 306);

  const received: IncomingMessage[] = [];
  await waiting.broker.subscribe(topic, `${group}-new`, async (messages) => {
    received.push(...messages);
  });
  await until('a new group gets the rest', () => distinct(received) === 301);
});

test('a partition whose messages were all deleted does not lag', async (t) => {
  const { broker } = await makeBroker(t);
  const { topic, group } = names();
  const raw = await rawClient(t);
  await broker.publish(topic, burst(10));
  await raw.query('delete from messages');
  await broker.subscribe(topic, group, async () => {});
  await until('nothing lags', async () =>
    (await broker.lag(topic, group)).every(({ position, end }) => position === end),
  );
});

test('closing ends in spite of a database that is gone', async (t) => {
  const { broker, crash } = await makeBroker(t);
  const { topic, group } = names();
  let calls = 0;
  await broker.publish(topic, burst(1));
  await broker.subscribe(topic, group, async () => {
    calls++;
    await crash();
  });
  await until('the handler ran', () => calls === 1);
  await broker.close();
  await assert.rejects(broker.publish(topic, burst(1)), (error) => {
    assert.ok(error instanceof AppError);
    return error.problem.code === 'broker-unavailable';
  });
});
