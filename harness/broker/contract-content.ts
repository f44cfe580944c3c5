import assert from 'node:assert/strict';
import type { IncomingMessage, OutgoingMessage } from '#platform/broker/port/broker.ts';
import {
  burst,
  type ContractTests,
  collect,
  distinct,
  numberOf,
  until,
} from './contract-helpers.ts';

/** The part of the contract suite that is about what is in the messages. */
export const contentTests: ContractTests = {
  async '500 publishes at once get 500 different positions'({ received, connect, topic, group }) {
    const brokers = [await connect(), await connect()];
    const acknowledged = await Promise.all(
      burst(500).map((message, index) => brokers[index % 2]?.broker.publish(topic, [message])),
    );
    const positions = acknowledged.flat().map((each) => `${each?.partition}/${each?.offset}`);
    assert.equal(positions.length, 500);
    assert.equal(new Set(positions).size, 500);
    assert.equal(new Set(acknowledged.flat().map((each) => each?.topicId)).size, 1);
    await brokers[0]?.broker.subscribe(topic, group, collect(received));
    await until('all arrived', () => distinct(received) === 500);
    const arrived = received.map(({ partition, offset }) => `${partition}/${offset}`);
    assert.deepEqual(new Set(arrived), new Set(positions));
  },

  async 'keys, values and headers arrive byte for byte'({ broker, received, topic, group }) {
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const sent: OutgoingMessage[] = [
      {
        key: 'заказ-🔔-"\\',
        value: everyByte,
        headers: { ce_type: 'тип', пусто: '', z: '\u0000' },
      },
      { key: 'заказ-🔔-"\\', value: Buffer.alloc(0), headers: {} },
    ];
    const before = Date.now();
    const acknowledged = await broker.publish(topic, sent);
    await broker.subscribe(topic, group, collect(received));
    await until('both arrived', () => received.length === 2);
    for (const [index, message] of received.entries()) {
      const { key, value, headers } = sent[index] as OutgoingMessage;
      assert.deepEqual(message.key, Buffer.from(key));
      assert.deepEqual(message.value, value);
      assert.deepEqual(Object.keys(message.headers).sort(), Object.keys(headers).sort());
      for (const [header, text] of Object.entries(headers)) {
        assert.deepEqual(message.headers[header], Buffer.from(text));
      }
      const { partition, offset } = acknowledged[index] ?? {};
      assert.deepEqual([message.partition, message.offset], [partition, offset]);
      assert.equal(message.topic, topic);
      // Clocks may differ by hours, so only the day is checked.
      assert.ok(Math.abs(message.timestamp.getTime() - before) < 86_400_000);
    }
  },

  async 'messages of foreign producers are delivered as they are'({
    broker,
    insertRaw,
    received,
    topic,
    group,
  }) {
    await broker.publish(topic, burst(1));
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
    await insertRaw(topic, { key: null, value: null, headers: [] });
    await insertRaw(topic, { key: bytes, value: bytes, headers: [['raw', bytes]] });
    await broker.subscribe(topic, group, collect(received));
    await until('all arrived', () => received.length === 3);
    const foreign = received.filter(({ value }) => value?.toString() !== '0');
    assert.deepEqual(
      foreign.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } })),
      [
        { key: null, value: null, headers: {} },
        { key: bytes, value: bytes, headers: { raw: bytes } },
      ],
    );
  },

  async 'what no handler can use does not stop its partition'({ broker, insertRaw, topic, group }) {
    await broker.publish(topic, burst(1));
    const poison = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
    const headers: [string, Buffer][] = [['ce_type', poison]];
    const raw = (value: Buffer | null) => insertRaw(topic, { key: null, value, headers });
    for (const value of [poison, null, Buffer.alloc(0)]) await raw(value);
    await raw(Buffer.from('1'));
    const used: number[] = [];
    const aside: IncomingMessage[] = [];
    await broker.subscribe(topic, group, async (messages) => {
      for (const message of messages) {
        if (/^\d$/.test(message.value?.toString() ?? '')) used.push(numberOf(message));
        else aside.push(message);
      }
    });
    await until('what comes after them is handled', () => used.includes(1));
    assert.equal(aside.length, 3);
    await until('nothing lags', async () =>
      (await broker.lag(topic, group)).every(({ position, end }) => position === end),
    );
  },
};
