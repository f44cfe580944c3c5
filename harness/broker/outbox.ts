import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { collect, names } from '#harness/broker/contract-helpers.ts';
import type { Broker, IncomingMessage } from '#platform/broker/port/broker.ts';
import { type Relay, startRelay } from '#platform/messaging/outbox-relay.ts';
import type { Database, Queryable } from '#platform/postgres/database.ts';
import { createTestDatabase, migrationsOf, testLog } from '../database.ts';
import { makeBroker, rawClient } from './embedded-broker.ts';

/** The table as the one service with an outbox has it. */
export const MIGRATIONS = migrationsOf('orders');

export type Outbox = Awaited<ReturnType<typeof openOutbox>>;

/** An outbox, a broker, and what arrives there. */
export async function openOutbox(t: TestContext) {
  const relays: Relay[] = [];
  // Registered first, so it runs before the databases are dropped.
  t.after(async () => {
    for (const relay of relays) await relay.close();
  });
  const { broker } = await makeBroker(t);
  const log = await rawClient(t);
  const database = await createTestDatabase(t, MIGRATIONS);
  const { topic, group } = names();
  const received: IncomingMessage[] = [];
  await broker.subscribe(topic, group, collect(received));
  return {
    database,
    broker,
    /** A connection to the broker's own database. */
    log,
    topic,
    received,
    /** Starts a relay that ends before the database does. */
    relay(parts: Partial<{ database: Database; broker: Broker }> = {}): Relay {
      const options = { database, broker, topic, log: testLog, ...parts };
      const relay = startRelay(options);
      relays.push(relay);
      return relay;
    },
  };
}

export async function insertRow(
  db: Queryable,
  {
    id = randomUUID(),
    aggregate = randomUUID() as string,
    traceparent = null as string | null,
  } = {},
): Promise<string> {
  await db.query(
    `insert into outbox (id, aggregatetype, aggregateid, type, payload, traceparent, event_source)
     values ($1, 'thing', $2, 'thing.v1', $3, $4, '/things')`,
    [id, aggregate, JSON.stringify({ id, text: 'привет' }), traceparent],
  );
  return id;
}

export async function unpublished(db: Queryable): Promise<number> {
  const { rows } = await db.query(
    'select count(*)::int as n from outbox where published_at is null',
  );
  return rows[0].n;
}

export const idOf = (message: IncomingMessage): string => String(message.headers.ce_id);
export const idsOf = (messages: IncomingMessage[]): Set<string> => new Set(messages.map(idOf));
