import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Consumer, type Message } from '@platformatic/kafka';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { ensureKafkaJars, KafkaUnavailableError } from '#dev/kafka/jars.ts';
import { startKafkaServer } from '#dev/kafka/server.ts';
import { startPostgres } from '#dev/postgres/postgres.ts';
import { until } from '#harness/broker/contract-helpers.ts';
import { type Connect, startConnect } from '#harness/broker/kafka-connect.ts';
import { queryRows, testLog } from '#harness/database.ts';
import { call } from '#harness/requests.ts';
import { testKeyOf } from '#harness/system/internal-service.ts';
import { ITEM } from '#harness/system/orders-service.ts';
import type { Broker, OutgoingMessage } from '#platform/broker/port/broker.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { createCredentials, publicKeyOf } from '#platform/http/service-token.ts';
import { createReader } from '#platform/messaging/consumer/read-message.ts';
import { startRelay } from '#platform/messaging/outbox-relay.ts';
import { createDatabase, type Database } from '#platform/postgres/database.ts';
import { ORDER_UPDATES } from '#services/notifications/inbox/on-order-update.ts';
import { OrdersConfig, startOrders } from '#services/orders/service.ts';

// Debezium publishes the outbox instead of our relay, set up as its how-to page says.

const HOME = join(import.meta.dirname, '..', '.orderbell');
const PAGE = join(import.meta.dirname, '..', 'docs', 'how-to', 'publish-with-debezium.md');
const PASSWORD = 'correct horse';
// Java starts, scans its plugins and creates a slot, which is slow on a busy machine.
const ARRIVAL_MS = 90_000;

/** Registers what is closed at the end of the test, latest first. */
type Later = (close: () => Promise<unknown>) => void;

function closingLater(t: TestContext): Later {
  const open: (() => Promise<unknown>)[] = [];
  // One hook: the runner calls several in the order of their registration, the wrong one here.
  t.after(async () => {
    for (const close of open.toReversed()) await close();
  });
  return (close) => open.push(close);
}

/** The folders of the jars, or null where they cannot be had and need not be. */
async function findJars(t: TestContext): Promise<{ kafka: string; debezium: string } | null> {
  try {
    return {
      kafka: await ensureKafkaJars(HOME),
      debezium: await ensureKafkaJars(HOME, 'debezium'),
    };
  } catch (error) {
    if (!(error instanceof KafkaUnavailableError) || process.env.REQUIRE_KAFKA === '1') throw error;
    t.skip(error.message);
    return null;
  }
}

/** The page's one block in this language, filled in. */
async function blockOf(language: string, values: Record<string, string>): Promise<string> {
  const blocks = (await readFile(PAGE, 'utf8')).split(`\`\`\`${language}\n`).slice(1);
  const [block] = blocks.filter((text) => text.includes('orderbell_debezium'));
  assert.ok(block, `${PAGE} has no block of ${language}`);
  const text = block.slice(0, block.indexOf('```'));
  return text.replace(/<(\w+)>/g, (_, name) => values[name] ?? assert.fail(`what is <${name}>?`));
}

/** The page's statement that drops the slot. */
async function dropSlot(): Promise<string> {
  const found = /select pg_drop_replication_slot\('\w+'\)/.exec(await readFile(PAGE, 'utf8'));
  return found?.[0] ?? assert.fail(`${PAGE} drops no slot`);
}

async function startOrdersWithoutRelay(
  url: string,
  later: Later,
  settings: Record<string, string> = {},
) {
  const key = testKeyOf('gateway');
  const service = await startOrders(
    loadConfig('orders', OrdersConfig, {
      ORDERS_DATABASE_URL: url,
      OUTBOX_RELAY: 'off',
      ...settings,
      SERVICE_PUBLIC_KEYS: JSON.stringify({ keys: [await publicKeyOf('gateway', key)] }),
    }),
    testLog,
  );
  later(service.close);
  const credentials = await createCredentials('gateway', key);
  const ask = async (method: string, path: string, body: object) => {
    const headers = { authorization: (await credentials('orders')) ?? '' };
    const answer = await call(service.url, method, path, { headers, body });
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    return answer.body;
  };
  return {
    /** Places an order that ends with this decision. */
    async place(decision: 'captured' | 'declined' | 'voided'): Promise<void> {
      // Characters that JSON has to escape.
      const customerId = 'anna"\\/<&>';
      const order = { customerId, idempotencyKey: randomUUID(), items: [ITEM] };
      const { id } = await ask('POST', '/orders', order);
      const operation = decision === 'captured' ? { operationId: randomUUID() } : {};
      await ask('PUT', `/orders/${id}/payment`, { decision, ...operation });
    },
  };
}

const ALIAS = 'com.example.orderbell.order.updated.v1';

/** The connector with the column that the page adds for EVENT_TYPE_ALIAS. */
async function withAlias(connector: { config: Record<string, string> }) {
  const name = 'transforms.outbox.table.fields.additional.placement';
  const [, more] = /`(,type_alias:header:ce_typealias)`/.exec(await readFile(PAGE, 'utf8')) ?? [];
  assert.ok(more, `${PAGE} names no column for the alias`);
  const config = { ...connector.config, [name]: `${connector.config[name]}${more}` };
  return { ...connector, config };
}

/** The messages that our relay would publish of the outbox; marks the rows as published. */
async function relay(database: Database): Promise<OutgoingMessage[]> {
  const { rows } = await database.query('select from outbox where published_at is null');
  const published: OutgoingMessage[] = [];
  const broker: Broker = {
    async publish(topic, messages) {
      assert.equal(topic, ORDERS_TOPIC);
      const from = published.length;
      published.push(...messages);
      return messages.map((_, index) => ({
        topicId: 'relay',
        partition: 0,
        offset: BigInt(from + index),
      }));
    },
    subscribe: () => assert.fail('a relay reads nothing'),
    lag: () => assert.fail('a relay reads nothing'),
    endOffsets: async () => null,
    close: async () => {},
  };
  const relay = startRelay({
    database,
    broker,
    topic: ORDERS_TOPIC,
    log: testLog,
  });
  await until('all are relayed', () => published.length === rows.length);
  await relay.close();
  return published;
}

/** Number of messages that the topic ever got. */
async function countOf(consumer: Consumer): Promise<number> {
  try {
    const ends = await consumer.listOffsets({ topics: [ORDERS_TOPIC] });
    return (ends.get(ORDERS_TOPIC) ?? []).reduce((sum, end) => sum + Number(end), 0);
  } catch {
    // The connector makes the topic with the first message.
    return 0;
  }
}

async function arrived(consumer: Consumer, connect: Connect, count: number): Promise<void> {
  try {
    await until(
      `${count} messages on the topic`,
      async () => (await countOf(consumer)) >= count || !(await connect.works()),
      ARRIVAL_MS,
    );
    assert.ok(await connect.works(), 'Kafka Connect gave up');
  } catch (cause) {
    throw new Error(`Kafka Connect logged:\n${await connect.logEnd()}`, { cause });
  }
}

/** The topic from its beginning to its present end. */
async function readAll(consumer: Consumer): Promise<Message[]> {
  const count = await countOf(consumer);
  const messages: Message[] = [];
  const stream = await consumer.consume({
    topics: [ORDERS_TOPIC],
    mode: 'earliest',
    autocommit: false,
  });
  stream.on('data', (message) => messages.push(message));
  await until('the topic is read', () => messages.length >= count);
  await stream.close();
  return messages;
}

/**
 * A message in a form that compares byte for byte, without the headers that have no value: those
 * our relay leaves out.
 */
function bytesOf(key: Buffer, value: Buffer, headers: [string, Buffer | null | undefined][]) {
  return {
    key: key.toString('latin1'),
    value: value.toString('latin1'),
    headers: headers
      .filter(([, bytes]) => bytes != null)
      .map(([name, bytes]) => `${name}: ${bytes?.toString('latin1')}`)
      .sort((one, other) => (one < other ? -1 : 1)),
  };
}

const sent = ({ key, value, headers }: OutgoingMessage) =>
  bytesOf(
    Buffer.from(key),
    value,
    Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]),
  );
const received = ({ key, value, headerEntries }: Message) =>
  bytesOf(
    key,
    value,
    headerEntries.map(([name, bytes]) => [String(name), bytes]),
  );
const byHeaders = (one: { headers: string[] }, other: { headers: string[] }) =>
  String(one.headers) < String(other.headers) ? -1 : 1;

/** How the inbox reads a message: `event`, or what is wrong. */
function readingOf({ key, value, headers, partition, offset, timestamp }: Message): string {
  const reading = createReader(ORDER_UPDATES)({
    topic: ORDERS_TOPIC,
    key,
    value,
    partition,
    offset,
    headers: Object.fromEntries([...headers].map(([name, bytes]) => [String(name), bytes])),
    timestamp: new Date(Number(timestamp)),
  });
  return reading.kind === 'poison' ? reading.error : reading.kind;
}

/** A PostgreSQL whose log can be decoded, a Kafka, and a folder for Kafka Connect. */
async function startServers(jars: string, later: Later) {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-debezium-'));
  // For root the database runs as another user, who must be able to enter.
  await chmod(folder, 0o755);
  later(() => rm(folder, { recursive: true, force: true }));
  const connectFolder = join(folder, 'connect');
  await mkdir(connectFolder);
  const kafka = await startKafkaServer({ folder: join(folder, 'kafka'), jars, port: 0 });
  later(kafka.stop);
  const settings = { fsync: 'off', wal_level: 'logical' };
  const postgres = await startPostgres({ home: join(folder, 'home'), log: testLog, settings });
  later(postgres.stop);
  return { postgres, kafka, connectFolder };
}

test('set up as documented, Debezium publishes what the relay would, byte for byte', async (t) => {
  const jars = await findJars(t);
  if (jars === null) return;
  const later = closingLater(t);
  const { postgres, kafka, connectFolder } = await startServers(jars.kafka, later);
  const url = await postgres.ensureDatabase('orders', PASSWORD);
  const orders = await startOrdersWithoutRelay(url, later);
  const database = createDatabase({
    url,
    connectionsMax: 2,
    applicationName: 'look',
    log: testLog,
  });
  later(database.close);

  // Rows written before Debezium started, which the relay has not published.
  for (const decision of ['captured', 'declined', 'voided'] as const) await orders.place(decision);
  // The service gives each event a trace; a row of another origin may have none.
  await database.query(
    `insert into outbox (id, aggregatetype, aggregateid, type, payload)
     select gen_random_uuid(), aggregatetype, aggregateid, type, payload from outbox limit 1`,
  );
  const place = { host: '127.0.0.1', port: String(postgres.port) };
  const values = { ...place, database: 'orders', password: PASSWORD };
  await queryRows(postgres.superuserUrl('orders'), await blockOf('sql', values));
  const connector = JSON.parse(await blockOf('json', values));
  const start = async (own = connector): Promise<Connect> => {
    const connect = await startConnect({
      folder: connectFolder,
      jars: jars.debezium,
      kafka: kafka.address,
      connector: own,
    });
    later(connect.stop);
    return connect;
  };
  const first = await start();
  const consumer = new Consumer({
    clientId: 'test',
    groupId: 'test',
    bootstrapBrokers: [kafka.address],
  });
  later(() => consumer.close(true));
  await arrived(consumer, first, 4);

  // Rows written while it runs. The relay's marks and the deletion are no events.
  for (const decision of ['captured', 'declined', 'voided'] as const) await orders.place(decision);
  const expected = await relay(database);
  await database.query('delete from outbox');
  await orders.place('captured');
  await arrived(consumer, first, 8);
  await first.stop();

  // The slot is lost, and with it the log of the rows written meanwhile. Rows that are still in the
  // outbox are published again, except those that the relay has marked.
  expected.push(...(await relay(database)));
  await orders.place('declined');
  await queryRows(postgres.superuserUrl('orders'), await dropSlot());
  // From now on with a source and a second name of the type.
  const origin = { EVENT_SOURCE: 'https://shop.example/orders', EVENT_TYPE_ALIAS: ALIAS };
  const named = await startOrdersWithoutRelay(url, later, origin);
  const second = await start(await withAlias(connector));
  await arrived(consumer, second, 9);
  await named.place('captured');
  await arrived(consumer, second, 10);
  await second.stop();
  expected.push(...(await relay(database)));

  const messages = await readAll(consumer);
  assert.deepEqual(messages.map(received).sort(byHeaders), expected.map(sent).sort(byHeaders));
  assert.equal(
    messages.map(received).filter(({ headers }) => headers.includes(`ce_typealias: ${ALIAS}`))
      .length,
    1,
  );
  const readings = messages.map(readingOf);
  assert.deepEqual(readings, Array(expected.length).fill('event'));
});
