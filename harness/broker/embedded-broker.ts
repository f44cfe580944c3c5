import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import pg from 'pg';
import type { BrokerUnderTest, RawMessage } from '#harness/broker/contract-helpers.ts';
import {
  createEmbeddedBroker,
  type EmbeddedBrokerOptions,
} from '#platform/broker/embedded/embedded.ts';
import type { Broker, OutgoingMessage } from '#platform/broker/port/broker.ts';
import { AppError } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import { createTestDatabaseUrl, migrationsOf, openDatabase, testLog } from '../database.ts';

export const APPLICATION = 'embedded-broker-test';

/** One database per test, and what must be closed before it is dropped. */
interface Scope {
  url: string;
  open: AsyncDisposableStack;
}

const scopes = new WeakMap<TestContext, Promise<Scope>>();

const scopeOf = (t: TestContext): Promise<Scope> => scopes.getOrInsertComputed(t, openScope);

async function openScope(t: TestContext): Promise<Scope> {
  const open = new AsyncDisposableStack();
  const close = () => open.disposeAsync();
  return { url: await createTestDatabaseUrl(t, close, migrationsOf('broker')), open };
}

export async function rawClient(t: TestContext): Promise<pg.Client> {
  const { url, open } = await scopeOf(t);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  open.defer(() => client.end());
  return client;
}

/** Holds a handler up; opened after the test, or a failed one would wait for its broker. */
export async function createGate(t: TestContext): Promise<PromiseWithResolvers<void>> {
  const gate = Promise.withResolvers<void>();
  const { open } = await scopeOf(t);
  open.defer(() => gate.resolve());
  return gate;
}

export async function makeBroker(
  t: TestContext,
  options: Partial<EmbeddedBrokerOptions> = {},
): Promise<BrokerUnderTest> {
  const { url, open } = await scopeOf(t);
  const real = openDatabase(url, 10, APPLICATION);
  open.defer(() => real.close());
  let crashed = false;
  const reach = () => {
    if (crashed) throw new Error('crashed');
    return real;
  };
  const database: Database = {
    query: (async (...args: Parameters<pg.Pool['query']>) =>
      reach().query(...args)) as unknown as pg.Pool['query'],
    transaction: async (work) => reach().transaction(work),
    dedicatedClient: async () => reach().dedicatedClient(),
    checkWritable: async () => reach().checkWritable(),
    log: testLog,
    close: () => real.close(),
  };
  const given = { database, log: testLog, leaseMs: 1_500, ...options };
  const broker = await createEmbeddedBroker(given);
  open.defer(() => broker.close());
  return {
    broker,
    async crash() {
      crashed = true;
    },
    insertRaw: async (topic, message) => insertRaw(await rawClient(t), topic, 0, message),
  };
}

/** Publishes one statement at a time, so that a test may stop in between. */
export async function insertRaw(
  client: pg.Client,
  topic: string,
  partition: number,
  { key, value, headers }: RawMessage,
): Promise<void> {
  const { rows } = await client.query(
    `update partitions set next_offset = next_offset + 1
     where topic = (select number from topics where name = $1) and partition = $2
     returning topic, next_offset - 1 as "offset"`,
    [topic, partition],
  );
  const encoded = headers.map(([name, bytes]) => [name, bytes.toString('base64')]);
  await client.query(
    `insert into messages (topic, partition, "offset", key, value, headers)
     values ($1, $2, $3, $4, $5, $6)`,
    [rows[0].topic, partition, rows[0].offset, key, value, JSON.stringify(encoded)],
  );
}

/** Publishes as a relay does: it repeats until the broker acknowledges. */
export async function publishSurely(broker: Broker, topic: string, messages: OutgoingMessage[]) {
  for (;;) {
    try {
      return await broker.publish(topic, messages);
    } catch (error) {
      assert.ok(error instanceof AppError && error.problem.code === 'broker-unavailable');
    }
  }
}
