import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admin, Producer } from '@platformatic/kafka';
import {
  assertComplete,
  burst,
  collect,
  distinct,
  names,
  numberOf,
  until,
} from '#harness/broker/contract-helpers.ts';
import { brokerContract } from '#harness/broker/contract-suite.ts';
import { makeKafkaBroker, skipWithoutKafka, testKafkaConnection } from '#harness/broker/kafka.ts';
import type { IncomingMessage } from '../port/broker.ts';
import { producerOptions } from './publisher.ts';

const skip = skipWithoutKafka;
if (skip) test('Kafka: the contract of a broker', { skip }, () => {});
else brokerContract('Kafka', makeKafkaBroker);

test('500 sends at once by the idempotent producer get 500 offsets', { skip }, async (t) => {
  // An earlier version of the library resolved all with one offset and dropped the others
  // (platformatic/kafka#326).
  const { broker } = await makeKafkaBroker(t, { partitionsPerTopic: 1 });
  const { topic, group } = names();
  await broker.publish(topic, burst(1));
  const producer = new Producer(producerOptions(testKafkaConnection()));
  t.after(() => producer.close());
  const results = await Promise.all(
    burst(500, 20, 1).map(({ key, value }) =>
      producer.send({ messages: [{ topic, key: Buffer.from(key), value }] }),
    ),
  );
  const offsets = results.flatMap((result) => result.offsets ?? []).map(({ offset }) => offset);
  assert.deepEqual(
    offsets.sort((a, b) => Number(a - b)),
    Array.from({ length: 500 }, (_, index) => BigInt(index + 1)),
  );
  const received: IncomingMessage[] = [];
  await broker.subscribe(topic, group, collect(received));
  await until('all arrived', () => distinct(received) === 501);
});

test('the first client creates a topic with the configured partitions', {
  skip,
}, async (t) => {
  const brokers = [1, 2, 3].map(() => makeKafkaBroker(t, { partitionsPerTopic: 4 }));
  const [first, second, third] = await Promise.all(brokers);
  assert.ok(first && second && third);
  const { topic, group } = names();
  const received: IncomingMessage[] = [];
  await first.broker.subscribe(topic, group, collect(received));
  const acknowledged = await Promise.all([
    second.broker.publish(topic, burst(40)),
    third.broker.publish(topic, burst(40, 20, 40)),
  ]);
  assert.equal(new Set(acknowledged.flat().map(({ topicId }) => topicId)).size, 1);
  await until('all arrived', () => distinct(received) === 80);
  assert.equal((await first.broker.endOffsets(topic))?.endOffsets.size, 4);
});

test('partitions that a topic gets later are read from their beginning', { skip }, async (t) => {
  const options = { partitionsPerTopic: 2, topicCheckMs: 200 };
  const { broker } = await makeKafkaBroker(t, options);
  const { topic, group } = names();
  const received: IncomingMessage[] = [];
  await broker.publish(topic, burst(20));
  await broker.subscribe(topic, group, collect(received));
  await until('the first ones arrived', () => distinct(received) === 20);
  const admin = new Admin({ ...producerOptions(testKafkaConnection()) });
  t.after(() => admin.close());
  await admin.createPartitions({
    // Null lets Kafka choose the brokers of the new partitions; the library's type requires a list.
    topics: [{ name: topic, count: 8, assignments: null as never }],
  });
  // Published by a new client, which sees all partitions immediately.
  const other = await makeKafkaBroker(t);
  const acknowledged = await other.broker.publish(topic, burst(200, 200, 20));
  assert.ok(new Set(acknowledged.map(({ partition }) => partition)).size > 2);
  await until('all arrived', () => distinct(received) === 220);
});

test('a removed topic is recreated, and read from its beginning', { skip }, async (t) => {
  const { broker } = await makeKafkaBroker(t, { topicCheckMs: 3_600_000 });
  const { topic, group } = names();
  const received: IncomingMessage[] = [];
  await broker.subscribe(topic, group, collect(received));
  const [before] = await broker.publish(topic, burst(20));
  await until('the first ones arrived', () => distinct(received) === 20);
  const admin = new Admin({ ...producerOptions(testKafkaConnection()) });
  t.after(() => admin.close());
  await admin.deleteTopics({ topics: [topic] });
  const other = await makeKafkaBroker(t);
  await until('the topic is another one', async () => {
    const [after] = await other.broker.publish(topic, burst(1, 1, 20)).catch(() => []);
    return after !== undefined && after.topicId !== before?.topicId;
  });
  await until('its message arrived', () => distinct(received) === 21);
});

test('a member that the group has thrown out comes back and goes on', { skip }, async (t) => {
  const { broker } = await makeKafkaBroker(t);
  const { topic, group } = names();
  const received: IncomingMessage[] = [];
  await broker.subscribe(topic, group, collect(received));
  const admin = new Admin({ ...producerOptions(testKafkaConnection()) });
  t.after(() => admin.close());
  for (let round = 0; round < 3; round++) {
    await broker.publish(topic, burst(50, 20, round * 50));
    await until(`round ${round} arrived`, () => distinct(received) === (round + 1) * 50);
    await admin.removeMembersFromConsumerGroup({ groupId: group, members: null });
  }
  await broker.publish(topic, burst(50, 20, 150));
  await until('all arrived', () => distinct(received) === 200);
  assertComplete(received, 200);
});

test('what foreign producers compress is read, by each of the codecs', { skip }, async (t) => {
  const { broker } = await makeKafkaBroker(t, { partitionsPerTopic: 1 });
  const { topic, group } = names();
  await broker.publish(topic, burst(1));
  const producer = new Producer(producerOptions(testKafkaConnection()));
  t.after(() => producer.close());
  const value = Buffer.alloc(10_000, 'much alike ');
  for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const key = Buffer.from(compression);
    await producer.send({ compression, messages: [{ topic, key, value }] });
  }
  const received: IncomingMessage[] = [];
  await broker.subscribe(topic, group, collect(received));
  await until('all arrived', () => received.length === 5);
  for (const message of received.slice(1)) assert.deepEqual(message.value, value);
  assert.deepEqual(
    received.slice(1).map(({ key }) => String(key)),
    ['gzip', 'snappy', 'lz4', 'zstd'],
  );
});

test('a group that comes too late goes on with what retention has left', { skip }, async (t) => {
  const [first, second] = [
    await makeKafkaBroker(t, { partitionsPerTopic: 1 }),
    await makeKafkaBroker(t),
  ];
  const { topic, group } = names();
  const before: IncomingMessage[] = [];
  await first.broker.publish(topic, burst(10, 1));
  await first.broker.subscribe(topic, group, collect(before));
  await until('ten arrived', () => distinct(before) === 10);
  await first.broker.close();
  await second.broker.publish(topic, burst(10, 1, 10));
  const admin = new Admin({ ...producerOptions(testKafkaConnection()) });
  t.after(() => admin.close());
  await admin.deleteRecords({
    topics: [{ name: topic, partitions: [{ partition: 0, offset: 15n }] }],
  });
  const after: IncomingMessage[] = [];
  await second.broker.subscribe(topic, group, collect(after));
  await until('the rest arrived', () => after.length === 5);
  assert.deepEqual(after.map(numberOf), [15, 16, 17, 18, 19]);
});
