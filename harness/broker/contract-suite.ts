import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IncomingMessage } from '#platform/broker/port/broker.ts';
import { contentTests } from './contract-content.ts';
import {
  assertComplete,
  burst,
  type ContractTests,
  collect,
  distinct,
  type MakeBroker,
  names,
  numberOf,
  totalOf,
  until,
} from './contract-helpers.ts';

/** Registers the tests that every adapter of the broker port passes. */
export function brokerContract(
  name: string,
  makeBroker: MakeBroker,
  { backlog = 100_000 }: { backlog?: number } = {},
): void {
  for (const [title, run] of Object.entries({ ...deliveryTests, ...contentTests })) {
    test(`${name}: ${title}`, async (t) => {
      const gate = Promise.withResolvers<void>();
      // Before the broker is closed, which waits for its handlers.
      t.after(() => gate.resolve());
      const connect = () => makeBroker(t);
      await run({ ...(await connect()), ...names(), connect, gate, received: [], backlog });
    });
  }
}

const deliveryTests: ContractTests = {
  async 'messages of one key keep their order'({ broker, received, topic, group }) {
    await broker.subscribe(topic, group, collect(received));
    for (let from = 0; from < 300; from += 50) await broker.publish(topic, burst(50, 20, from));
    await until('all arrived', () => distinct(received) === 300);
    assertComplete(received, 300);
  },

  async 'a new group gets what was published before its first start'({
    broker,
    received,
    topic,
    group,
    backlog,
  }) {
    await broker.publish(topic, burst(backlog));
    await broker.subscribe(topic, group, collect(received));
    await until('the backlog arrived', () => distinct(received) === backlog);
    assertComplete(received, backlog);
  },

  async 'a handler that rejects gets the same messages again'({ broker, received, topic, group }) {
    const offered: IncomingMessage[][] = [];
    await broker.publish(topic, burst(10, 1));
    await broker.subscribe(topic, group, async (messages) => {
      offered.push(messages);
      if (offered.length <= 2) throw new Error('not now');
      received.push(...messages);
    });
    await until('all were handled', () => distinct(received) === 10);
    const firsts = offered.slice(0, 3).map((messages) => messages[0]?.offset);
    assert.deepEqual(firsts, [firsts[0], firsts[0], firsts[0]]);
    assertComplete(received, 10);
  },

  async 'what was handled but not committed at a crash comes again'({ connect, topic, group }) {
    const first = await connect();
    const second = await connect();
    await first.broker.publish(topic, burst(20, 1));
    const before: IncomingMessage[] = [];
    await first.broker.subscribe(topic, group, async (messages) => {
      before.push(...messages);
      await first.crash();
    });
    await until('the first one handled some', () => before.length > 0);
    const after: IncomingMessage[] = [];
    await second.broker.subscribe(topic, group, collect(after));
    await until('the second one got all', () => distinct(after) === 20);
    assertComplete(after, 20);
  },

  async 'a clean stop commits, and a new start goes on from there'({ connect, topic, group }) {
    const first = await connect();
    const before: IncomingMessage[] = [];
    await first.broker.publish(topic, burst(10, 1));
    await first.broker.subscribe(topic, group, collect(before));
    await until('the first ten arrived', () => before.length === 10);
    await first.broker.close();

    const second = await connect();
    await second.broker.publish(topic, burst(5, 1, 10));
    const after: IncomingMessage[] = [];
    await second.broker.subscribe(topic, group, collect(after));
    await until('the other five arrived', () => after.length >= 5);
    assert.deepEqual(after.map(numberOf), [10, 11, 12, 13, 14]);
  },

  async 'closing waits for the running handler'({ broker, gate, topic, group }) {
    let running = false;
    let done = false;
    await broker.publish(topic, burst(1));
    const subscription = await broker.subscribe(topic, group, async () => {
      running = true;
      await gate.promise;
      done = true;
    });
    await until('the handler runs', () => running);
    let closed = false;
    const closing = subscription.close().then(() => {
      closed = true;
    });
    // Enough round trips for a close that did not wait.
    for (let call = 0; call < 20; call++) await broker.lag(topic, group);
    const early = closed;
    gate.resolve();
    await closing;
    assert.deepEqual({ early, done }, { early: false, done: true });
    const lag = await broker.lag(topic, group);
    assert.equal(totalOf(lag.map(({ position, end }) => end - position)), 0n);
  },

  async 'consumers share the partitions, and together they get all'({ connect, topic, group }) {
    const brokers = [await connect(), await connect(), await connect()];
    const received: IncomingMessage[][] = [[], [], []];
    for (const [index, { broker }] of brokers.entries()) {
      await broker.subscribe(topic, group, collect(received[index] as IncomingMessage[]));
    }
    let count = 0;
    await until('each consumer got some', async () => {
      await brokers[count % 3]?.broker.publish(topic, burst(60, 60, count));
      count += 60;
      return received.every((messages) => messages.length > 0);
    });
    await until('all arrived', () => distinct(received.flat()) === count);
  },

  async 'when a consumer leaves, the others take over its partitions'({
    received,
    connect,
    topic,
    group,
  }) {
    const staying = await connect();
    const leavers: IncomingMessage[] = [];
    await staying.broker.subscribe(topic, group, collect(received));
    const subscription = await staying.broker.subscribe(topic, group, collect(leavers));
    let count = 0;
    await until('both got some', async () => {
      await staying.broker.publish(topic, burst(60, 60, count));
      count += 60;
      return received.length > 0 && leavers.length > 0;
    });
    await subscription.close();
    const leftWith = leavers.length;
    await staying.broker.publish(topic, burst(60, 60, count));
    count += 60;
    await until('all arrived', () => distinct([...received, ...leavers]) === count);
    assert.equal(leavers.length, leftWith);
  },

  async 'a partition whose handler rejects does not stop the others'({
    broker,
    received,
    topic,
    group,
  }) {
    const [stuck] = await broker.publish(topic, burst(1, 1));
    assert.ok(stuck);
    const acknowledged = await broker.publish(topic, burst(200, 60, 1));
    const others = acknowledged.filter(({ partition }) => partition !== stuck.partition).length;
    assert.ok(others > 0);
    let rejecting = true;
    await broker.subscribe(topic, group, async (messages) => {
      if (rejecting && messages[0]?.partition === stuck.partition) throw new Error('not this one');
      received.push(...messages);
    });
    await until('the other partitions are done', () => received.length === others);
    rejecting = false;
    await until('the stuck one too', () => distinct(received) === 201);
  },

  async 'a partition whose handler hangs does not stop the others'({
    broker,
    gate,
    received,
    topic,
    group,
  }) {
    const [stuck] = await broker.publish(topic, burst(1, 1));
    assert.ok(stuck);
    await broker.subscribe(topic, group, async (messages) => {
      if (messages[0]?.partition === stuck.partition) await gate.promise;
      received.push(...messages);
    });
    let others = 0;
    for (let round = 0; round < 3; round++) {
      const acknowledged = await broker.publish(topic, burst(60, 60, 1 + round * 60));
      others += acknowledged.filter(({ partition }) => partition !== stuck.partition).length;
      await until('the other partitions are done', () => received.length === others);
    }
    const lag = await broker.lag(topic, group);
    const behind = lag.filter(({ position, end }) => position < end);
    assert.deepEqual(behind.map(({ partition }) => partition).includes(stuck.partition), true);
    gate.resolve();
    await until('the stuck one too', () => distinct(received) === 181);
    assertComplete(received, 181);
  },

  async 'each group gets everything'({ broker, topic, group }) {
    const received: [IncomingMessage[], IncomingMessage[]] = [[], []];
    await broker.subscribe(topic, group, collect(received[0]));
    await broker.subscribe(topic, `${group}-other`, collect(received[1]));
    await broker.publish(topic, burst(50));
    await until('both got all', () => received.every((messages) => distinct(messages) === 50));
  },

  async 'the lag of a group can be read'({ broker, topic, group }) {
    await broker.publish(topic, burst(30));
    const lag = async () => {
      const partitions = await broker.lag(topic, group);
      return totalOf(partitions.map(({ position, end }) => end - position));
    };
    assert.equal(await lag(), 30n);
    await broker.subscribe(topic, group, async () => {});
    await until('nothing lags', async () => (await lag()) === 0n);
    const ends = (await broker.lag(topic, group)).map(({ end }) => end);
    assert.equal(totalOf(ends), 30n);
  },

  async 'the ends of a topic follow what was acknowledged'({ broker, topic }) {
    assert.equal(await broker.endOffsets(topic), null);
    const acknowledged = await broker.publish(topic, burst(30));
    const present = await broker.endOffsets(topic);
    assert.equal(totalOf([...(present?.endOffsets.values() ?? [])]), 30n);
    for (const { topicId, partition, offset } of acknowledged) {
      assert.equal(present?.topicId, topicId);
      assert.ok((present?.endOffsets.get(partition) ?? 0n) > offset);
    }
  },
};
