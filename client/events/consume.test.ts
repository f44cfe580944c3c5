import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { names, until } from '#harness/broker/contract-helpers.ts';
import { makeKafkaBroker, skipWithoutKafka, testKafkaConnection } from '#harness/broker/kafka.ts';
import { orderEvents, orderIds } from '#harness/broker/order-events.ts';
import { endProcess, spawnNode } from '#harness/child-process.ts';
import { createTestDatabaseUrl } from '#harness/database.ts';
import { retry } from '#harness/eventually.ts';
import { skipWithoutOwnKafka, startOwnKafka } from '#harness/system/own-kafka.ts';
import type { OutgoingMessage } from '#platform/broker/port/broker.ts';
import {
  type ConsumeOptions,
  consumeOrders,
  createInbox,
  type OrderUpdateEvent,
  type Poison,
  PoisonError,
} from './events.ts';

const kafka = { skip: skipWithoutKafka };
const DYING = join(import.meta.dirname, '..', '..', 'harness', 'faults', 'dying-consumer.ts');
// The shortest that a Kafka accepts by default.
const SESSION_MS = 6_000;
const QUICK = { attempts: 3, firstMs: 1, maxMs: 5 };

/** A topic of its own with a group that reads it. */
async function open(t: TestContext, brokers = testKafkaConnection().brokers) {
  const { topic, group: groupId } = names();
  const { broker } = await makeKafkaBroker(t, { connection: { brokers, clientId: 'test' } });
  const ends = new AsyncDisposableStack();
  t.after(() => ends.disposeAsync());
  const publish = (messages: OutgoingMessage[]) => broker.publish(topic, messages);
  return {
    topic,
    groupId,
    publish,
    publishOrders: (ids: string[]) => publish(orderEvents(ids)),
    /** How many messages the group has not read. */
    async unread(): Promise<number> {
      // Leaders of a new topic are elected while it is asked for.
      const partitions = await retry('the lag of the group', () => broker.lag(topic, groupId));
      return partitions.reduce((sum, { position, end }) => sum + Number(end - position), 0);
    },
    /** Starts a member of the group, which ends with the test. */
    async consume(options: Partial<ConsumeOptions> = {}) {
      const events: OrderUpdateEvent[] = [];
      const faults: Error[] = [];
      const consumer = await consumeOrders({
        brokers,
        groupId,
        topic,
        sessionTimeoutMs: SESSION_MS,
        retry: QUICK,
        onFault: (error) => faults.push(error),
        handler: async (event) => events.push(event),
        ...options,
      });
      ends.defer(() => consumer.close());
      // A test that expects an error awaits it; an unexpected one shows as what did not arrive.
      consumer.closed.catch(() => {});
      return { ...consumer, events, faults };
    },
  };
}

const orderOf = ({ data }: OrderUpdateEvent) => data.orderId;
const idsOf = (events: OrderUpdateEvent[]) => new Set(events.map(({ id }) => id));

/** The versions of each order came in their order; repetitions may come again. */
function assertInOrder(events: OrderUpdateEvent[]): void {
  const latest = new Map<string, number>();
  const seen = new Set<string>();
  for (const event of events) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    const last = latest.get(orderOf(event)) ?? 0;
    assert.ok(event.data.version > last, `${event.data.version} came after ${last}`);
    latest.set(orderOf(event), event.data.version);
  }
}

test(
  'every event arrives, those of one order in their order, and their offsets are committed',
  kafka,
  async (t) => {
    const { publishOrders, consume, unread } = await open(t);
    const keys = orderIds(20);
    await publishOrders(Array.from({ length: 1_000 }, (_, at) => keys[at % 20] as string));
    const first = await consume();
    await until('all arrived', () => idsOf(first.events).size === 1_000);
    assertInOrder(first.events);
    await until('all are committed', async () => (await unread()) === 0);
    await first.close();
    // The next member of the group goes on where this one was.
    await publishOrders(['0198c0de-0000-7000-8000-000000000001']);
    const second = await consume();
    await until('the new one arrived', () => second.events.length === 1);
    assert.deepEqual(second.events.map(orderOf), ['0198c0de-0000-7000-8000-000000000001']);
    // A cluster without a coordinator yet is a fault of the first.
    assert.deepEqual(second.faults, []);
  },
);

test(
  'an event whose handler fails is tried again, and the next one of its order waits',
  kafka,
  async (t) => {
    const { publishOrders, consume } = await open(t);
    const [failing, other] = orderIds(2) as [string, string];
    await publishOrders([failing, failing, other]);
    const attempts: string[] = [];
    const { events } = await consume({
      async handler(event) {
        attempts.push(`${orderOf(event) === failing ? 'failing' : 'other'} ${event.data.version}`);
        const tried = attempts.filter((each) => each === 'failing 1').length;
        if (orderOf(event) === failing && tried < 3) throw new Error('not yet');
        events.push(event);
      },
    });
    await until('all arrived', () => events.length === 3);
    const ofOne = attempts.filter((each) => each.startsWith('failing'));
    assert.deepEqual(ofOne, ['failing 1', 'failing 1', 'failing 1', 'failing 2']);
  },
);

test(
  'a member that is killed between effect and commit: another repeats the event, the inbox its effect not',
  kafka,
  async (t) => {
    const { topic, groupId, publishOrders, consume, unread } = await open(t);
    const stack = new AsyncDisposableStack();
    const url = await createTestDatabaseUrl(t, () => stack.disposeAsync());
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    // `end` does not wait for the connections to be closed, and a dropped database ends them.
    pool.on('error', () => {});
    stack.defer(() => pool.end());
    const inbox = createInbox(pool);
    await inbox.ensureTable();
    await pool.query('create table effects (event_id text)');
    await publishOrders(orderIds(1));
    const dying = spawnNode([DYING, topic, groupId], {
      env: { ...process.env, EFFECTS_DATABASE_URL: url },
      stopWithParent: true,
    });
    await until('its effect is committed', () => dying.printed('stdout').includes('here'));
    await endProcess(dying.child, 'SIGKILL');
    assert.equal(await unread(), 1);
    const handled: string[] = [];
    await consume({
      async handler(event) {
        const effect = await inbox.once(event.id, (tx) =>
          tx.query('insert into effects values ($1)', [event.id]),
        );
        handled.push(typeof effect);
      },
    });
    await until('the event is committed', async () => (await unread()) === 0);
    assert.deepEqual(handled, ['symbol']);
    assert.equal((await pool.query('select from effects')).rowCount, 1);
  },
);

test(
  'two members share the partitions, and when one leaves the other goes on',
  kafka,
  async (t) => {
    const { publish, consume, unread } = await open(t);
    const keys = orderIds(40);
    const all: OrderUpdateEvent[] = [];
    const member = () => {
      const own: OrderUpdateEvent[] = [];
      const handler = async (event: OrderUpdateEvent) => {
        own.push(event);
        all.push(event);
      };
      return { own, handler };
    };
    const [one, other] = [member(), member()];
    let published = 0;
    const publishMore = async () => {
      const ids = Array.from({ length: 200 }, (_, at) => keys[at % 40] as string);
      await publish(orderEvents(ids, published));
      published += ids.length;
    };
    await publishMore();
    const first = await consume({ handler: one.handler });
    await until('the first works', () => one.own.length > 0);
    await consume({ handler: other.handler });
    await until('both work', async () => {
      await publishMore();
      return other.own.length > 0;
    });
    await first.close();
    await publishMore();
    await until('all is committed', async () => (await unread()) === 0);
    assert.equal(idsOf(all).size, published);
    assertInOrder(all);
  },
);

test(
  'an event that fails at each attempt ends the consumer, and is not passed over',
  kafka,
  async (t) => {
    const { publishOrders, consume, unread } = await open(t);
    await publishOrders(orderIds(1));
    const failing = await consume({
      handler: async () => {
        throw new Error('no paper');
      },
    });
    await assert.rejects(failing.closed, (error) => {
      assert.ok(error instanceof PoisonError);
      assert.match(
        error.message,
        /^event .* at topic-.*, partition \d, offset 0 failed 3 times: no paper$/,
      );
      assert.deepEqual([error.poison.attempts, (error.cause as Error).message], [3, 'no paper']);
      return true;
    });
    await failing.close();
    assert.equal(await unread(), 1);
    const { events } = await consume();
    await until('it comes again', () => events.length === 1);
  },
);

test('what cannot be read is given to onPoison, which may pass over it', kafka, async (t) => {
  const { publish, consume, unread } = await open(t);
  const [orderId] = orderIds(1) as [string];
  const [good] = orderEvents([orderId]) as [OutgoingMessage];
  await publish([{ ...good, value: Buffer.from('{') }, { ...good, headers: {} }, good]);
  const poison: Poison[] = [];
  const { events } = await consume({
    async onPoison(each) {
      poison.push(each);
      return 'skip' as const;
    },
  });
  await until('the good one arrived', () => events.length === 1);
  assert.deepEqual(
    poison.map(({ event, error, attempts }) => [event, String(error), attempts]),
    [
      [null, poison[0] && String(poison[0].error), 1],
      [null, 'EventFormatError: header ce_type is missing', 1],
    ],
  );
  assert.match(String(poison[0]?.error), /the value is not JSON/);
  assert.equal(String(poison[0]?.message.value), '{');
  await until('all is committed', async () => (await unread()) === 0);
});

test('an event that fails holds up its own partition only', kafka, async (t) => {
  const { publishOrders, consume } = await open(t);
  const [failing, ...others] = orderIds(30) as [string, ...string[]];
  await publishOrders([failing, ...others]);
  const partitions = new Set<number>();
  await consume({
    retry: { attempts: 1_000, firstMs: 1, maxMs: 10 },
    async handler(event, { partition }) {
      if (orderOf(event) === failing) throw new Error('not yet');
      partitions.add(partition);
    },
  });
  // 29 orders are in all of the other partitions.
  await until('others are handled', () => partitions.size >= 2);
});

test('an event of an unknown type is reported and passed over', kafka, async (t) => {
  const { publish, consume, unread } = await open(t);
  const [orderId] = orderIds(1) as [string];
  const [event] = orderEvents([orderId]) as [OutgoingMessage];
  const type = 'orderbell.OrderUpdateMessage.v2';
  await publish([{ ...event, headers: { ...event.headers, ce_type: type } }, event]);
  const skipped: string[] = [];
  const { events } = await consume({ onSkipped: (each) => skipped.push(each.type) });
  await until('all is committed', async () => (await unread()) === 0);
  assert.deepEqual([skipped, events.length], [[type], 1]);
});

test(
  'a close waits for the running handler, commits what it did, and begins no other',
  kafka,
  async (t) => {
    const { publishOrders, consume, unread } = await open(t);
    const [orderId] = orderIds(1) as [string];
    await publishOrders([orderId, orderId]);
    const gate = Promise.withResolvers<void>();
    t.after(() => gate.resolve());
    let handled = 0;
    const abort = new AbortController();
    const consumer = await consume({
      signal: abort.signal,
      async handler() {
        handled++;
        await gate.promise;
      },
    });
    await until('the first is being handled', () => handled === 1);
    let over = false;
    abort.abort();
    const closed = consumer.close().then(() => {
      over = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(over, false);
    gate.resolve();
    await closed;
    await consumer.closed;
    assert.deepEqual([handled, await unread()], [1, 1]);
  },
);

test(
  'a group that begins at the end loses nothing that comes while it is away',
  kafka,
  async (t) => {
    const { publishOrders, consume, unread } = await open(t);
    await publishOrders(orderIds(10));
    const first = await consume({ fromBeginning: false });
    await until('its position is the end', async () => (await unread()) === 0);
    await first.close();
    assert.deepEqual(first.events, []);
    const ids = orderIds(10);
    await publishOrders(ids);
    const second = await consume({ fromBeginning: false });
    await until('the new ones arrived', () => second.events.length === 10);
    assert.deepEqual(second.events.map(orderOf).sort(), ids.sort());
  },
);

test('a consumer waits for brokers that are away, says so, and can be closed meanwhile', async () => {
  const faults: Error[] = [];
  const consumer = await consumeOrders({
    brokers: ['127.0.0.1:1'],
    groupId: 'nobody',
    handler: async () => {},
    onFault: (error) => faults.push(error),
  });
  await until('it has tried twice', () => faults.length >= 2);
  await consumer.close();
  await consumer.closed;
});

test('options that cannot be are refused at once', async () => {
  const handler = async () => {};
  await assert.rejects(consumeOrders({ brokers: [], groupId: 'g', handler }), /brokers is empty/);
  await assert.rejects(
    consumeOrders({ brokers: ['h:1'], groupId: '', handler }),
    /groupId is empty/,
  );
});

test('a broker that is killed and comes back: the consumer goes on', {
  skip: skipWithoutOwnKafka,
}, async (t) => {
  const server = await startOwnKafka(t);
  const { publishOrders, consume, unread } = await open(t, [server.address]);
  await publishOrders(orderIds(10));
  const { events, faults } = await consume();
  await until('the first arrived', () => idsOf(events).size === 10);
  server.signal('SIGKILL');
  await server.exited();
  await until('it notices', () => faults.length > 0);
  await server.restart();
  await until('more can be published', async () => {
    const published = publishOrders(orderIds(1));
    return published.then(
      () => true,
      () => false,
    );
  });
  await until('all arrived', async () => idsOf(events).size >= 11 && (await unread()) === 0);
});
