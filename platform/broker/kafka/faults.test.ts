import assert from 'node:assert/strict';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  assertComplete,
  burst,
  collect,
  distinct,
  names,
  numberOf,
  until,
} from '#harness/broker/contract-helpers.ts';
import { publishSurely } from '#harness/broker/embedded-broker.ts';
import { makeKafkaBroker } from '#harness/broker/kafka.ts';
import { skipWithoutOwnKafka as skip, startOwnKafka } from '#harness/system/own-kafka.ts';
import { AppError } from '../../errors.ts';
import type { IncomingMessage } from '../port/broker.ts';
import type { KafkaBrokerOptions } from './kafka.ts';

/** A broker of its own, and clients of it with short leases. */
async function setUp(t: TestContext, options: Partial<KafkaBrokerOptions> = {}) {
  const kafka = await startOwnKafka(t);
  const connection = { brokers: [kafka.address], clientId: 'fault' };
  const make = () => makeKafkaBroker(t, { connection, sessionMs: 3_000, ...options });
  return { kafka, make };
}

/** Publishes burst after burst while `meanwhile` runs. @returns how many there were */
async function publishWhile(
  broker: Parameters<typeof publishSurely>[0],
  topic: string,
  meanwhile: () => Promise<void>,
): Promise<number> {
  let running = true;
  let count = 0;
  const done = meanwhile().finally(() => {
    running = false;
  });
  while (running) {
    await publishSurely(broker, topic, burst(20, 20, count));
    count += 20;
  }
  await done;
  return count;
}

test('a broker killed with -9 in the middle of traffic loses nothing, and the order of each key stays', {
  skip,
}, async (t) => {
  const { kafka, make } = await setUp(t);
  const [publisher, one, other] = [await make(), await make(), await make()];
  const { topic, group } = names();
  const received: IncomingMessage[] = [];
  for (const { broker } of [one, other]) await broker.subscribe(topic, group, collect(received));
  const count = await publishWhile(publisher.broker, topic, async () => {
    for (let kill = 0; kill < 2; kill++) {
      const before = received.length;
      await until('some arrived', () => received.length > before + 100);
      kafka.signal('SIGKILL');
      await kafka.restart();
    }
    const before = received.length;
    await until('some arrived after it', () => received.length > before + 100);
  });
  await until('all arrived', () => distinct(received) === count);
  assertComplete(received, count);
});

test('a broker that hangs for longer than every time-out loses nothing', { skip }, async (t) => {
  const { kafka, make } = await setUp(t);
  const [publisher, consumer] = [await make(), await make()];
  const { topic, group } = names();
  const received: IncomingMessage[] = [];
  await consumer.broker.subscribe(topic, group, collect(received));
  let refused = 0;
  const count = await publishWhile(publisher.broker, topic, async () => {
    await until('some arrived', () => received.length > 100);
    kafka.signal('SIGSTOP');
    await assert.rejects(publisher.broker.publish(names().topic, burst(1)), (error) => {
      refused++;
      return error instanceof AppError && error.problem.code === 'broker-unavailable';
    });
    kafka.signal('SIGCONT');
    const before = received.length;
    await until('some arrived after it', () => received.length > before + 100);
  });
  await until('all arrived', () => distinct(received) === count);
  assertComplete(received, count);
  assert.equal(refused, 1);
});

test('a broker that is not there yet: who subscribes and publishes waits for it', {
  skip,
}, async (t) => {
  const { kafka, make } = await setUp(t);
  const [publisher, consumer] = [await make(), await make()];
  const { topic, group } = names();
  kafka.signal('SIGKILL');
  await kafka.exited();
  const received: IncomingMessage[] = [];
  await consumer.broker.subscribe(topic, group, collect(received));
  await assert.rejects(publisher.broker.publish(topic, burst(1)), AppError);
  await assert.rejects(consumer.broker.endOffsets(topic), AppError);
  await assert.rejects(consumer.broker.lag(topic, group), AppError);
  const published = publishSurely(publisher.broker, topic, burst(20));
  await kafka.restart();
  await published;
  await until('all arrived', () => distinct(received) === 20);
});

test('closing ends in spite of a broker that hangs', { skip }, async (t) => {
  const { kafka, make } = await setUp(t);
  const { broker } = await make();
  const { topic, group } = names();
  const received: IncomingMessage[] = [];
  await broker.subscribe(topic, group, async (messages) => {
    received.push(...messages);
    kafka.signal('SIGSTOP');
  });
  await broker.publish(topic, burst(1));
  await until('the handler ran', () => received.length > 0);
  await broker.close();
  await assert.rejects(broker.publish(topic, burst(1)), AppError);
});

test('after log truncation, new messages at reused offsets are read', {
  skip,
}, async (t) => {
  const { kafka, make } = await setUp(t, { partitionsPerTopic: 1 });
  const { topic, group } = names();
  const received: IncomingMessage[] = [];
  const [publisher, consumer] = [await make(), await make()];
  // One by one, so that each message is a separate batch in the file.
  for (let n = 0; n < 10; n++) await publisher.broker.publish(topic, burst(1, 1, n));
  const kept = await sizeOf(kafka.folder, topic);
  for (let n = 10; n < 20; n++) await publisher.broker.publish(topic, burst(1, 1, n));
  await consumer.broker.subscribe(topic, group, collect(received));
  await until('all arrived', () => distinct(received) === 20);
  await until('all are committed', async () => {
    const [lag] = await consumer.broker.lag(topic, group);
    return lag?.position === 20n;
  });

  kafka.signal('SIGKILL');
  await kafka.exited();
  await cut(kafka.folder, topic, kept);
  await kafka.restart();
  assert.equal((await publisher.broker.endOffsets(topic))?.endOffsets.get(0), 10n);
  // Enough that the log passes the old position before a reader can notice the truncation.
  await publishSurely(publisher.broker, topic, burst(30, 1, 100));
  await until('the new ones arrived', () => {
    const numbers = new Set(received.map(numberOf));
    return Array.from({ length: 30 }, (_, n) => 100 + n).every((n) => numbers.has(n));
  });
});

async function segmentOf(folder: string, topic: string): Promise<string> {
  const log = join(folder, 'data', `${topic}-0`);
  const [segment] = (await readdir(log)).filter((name) => name.endsWith('.log')).sort();
  return join(log, segment as string);
}

async function sizeOf(folder: string, topic: string): Promise<number> {
  const file = await open(await segmentOf(folder, topic));
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** Truncates a log, as a power cut does before the log is written to disk. */
async function cut(folder: string, topic: string, size: number): Promise<void> {
  const file = await open(await segmentOf(folder, topic), 'r+');
  try {
    await file.truncate(size);
  } finally {
    await file.close();
  }
}
