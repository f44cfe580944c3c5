import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DATABASES } from '#dev/system/databases.ts';
import { createTestDatabaseUrl, migrationsOf, queryRows } from '#harness/database.ts';

// Which tables an engine such as Citus could distribute by customer (decision 36). It demands that
// each unique key contains the distribution column, and so does each foreign key to a table that is
// distributed alike; row triggers are unsafe there. A new table must be put into one of the lists.

/** Ready: `customer_id` is not null and in each key. */
const BY_CUSTOMER = ['billing.wallets', 'notifications.erased_customers', 'profiles.erasures'];

/** Of no customer: few rows that each shard has a copy of, or rows that stay outside of the shards. */
const OF_NO_CUSTOMER = [
  ...DATABASES.flatMap((name) => [`${name}.migrations`, `${name}.audit_trail`]),
  ...['billing.wallet_currency', 'notifications.inbox_retention', 'notifications.mail_refusals'],
  ...['billing.repairs', 'notifications.repairs', 'orders.repairs'],
  // Messages that are no events of ours, and limits of an address, whichever customer has it.
  ...['notifications.dead_letters', 'notifications.recipient_slots'],
  ...['notifications.account_letters'],
  // Of the integrators that operators enter.
  'webhooks.endpoints',
  // Addresses are unique over all accounts. An issuer of the installation replaces this database.
  ...['account', 'attempts', 'jwks', 'password_resets', 'session', 'sessions', 'user'].map(
    (table) => `identity.${table}`,
  ),
  'identity.verification',
  // Kafka replaces this one.
  ...['members', 'messages', 'partitions', 'positions', 'topics'].map((table) => `broker.${table}`),
];

/** Of customers, with what an engine would refuse; the reason is why it stays. */
const NOT_YET: Record<string, { because: string; obstacles: string[] }> = {
  'billing.payments': {
    because: 'Invariant I1: one decision for an order, whichever customer a command names',
    obstacles: ['unique payments_operation_id_key', 'unique payments_pkey'],
  },
  'billing.operations': {
    because: 'the same, and a reversal names an operation by its id',
    obstacles: [
      'unique operations_order_id_key',
      'unique operations_pkey',
      'foreign key operations_order_id_fkey',
      'foreign key operations_reverses_operation_id_fkey',
    ],
  },
  'orders.orders': {
    because: 'the record of a decision, the journey and operators name an order by its id',
    obstacles: ['unique orders_pkey'],
  },
  'orders.outbox': {
    because: 'Debezium reads these columns, and the relay claims in turn over all orders',
    obstacles: ['no customer_id'],
  },
  'notifications.letters': {
    because: 'Invariant I6: the inbox key is the id of the event, whatever the event says',
    obstacles: ['unique letters_pkey'],
  },
  'notifications.letter_attempts': {
    because: 'an attempt belongs to its letter',
    obstacles: ['no customer_id'],
  },
  'notifications.letter_acknowledgements': {
    because: 'it belongs to its letter',
    obstacles: ['no customer_id'],
  },
  'profiles.profiles': {
    because: 'triggers keep replicas of the previous release from writing what was erased',
    obstacles: ['trigger profiles_forget_confirmation', 'trigger profiles_without_erased'],
  },
  'profiles.confirmation_tokens': {
    because: 'a link in a letter holds the token only',
    obstacles: ['unique confirmation_tokens_pkey'],
  },
  'webhooks.events': {
    because: 'the id of the event is the key, as of letters; the customer is in the body only',
    obstacles: ['no customer_id'],
  },
  'webhooks.deliveries': { because: 'of an endpoint', obstacles: ['no customer_id'] },
  'webhooks.attempts': { because: 'of a delivery', obstacles: ['no customer_id'] },
};

const OBSTACLES = `
  select relname as name, key.attnum is not null as keyed,
    case when key.attnum is null then array['no customer_id'] else
      array(select 'unique ' || indexrelid::regclass::text from pg_index
        where indrelid = c.oid and indisunique and not key.attnum = any(indkey) order by 1)
      || array(select 'foreign key ' || conname from pg_constraint
        where conrelid = c.oid and contype = 'f' and not key.attnum = any(conkey) order by 1)
      || array(select 'trigger ' || tgname from pg_trigger
        where tgrelid = c.oid and not tgisinternal order by 1)
    end as obstacles
  from pg_class c left join pg_attribute key
    on attrelid = c.oid and attname = 'customer_id' and attnotnull and not attisdropped
  where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace`;

interface Table {
  name: string;
  keyed: boolean;
  obstacles: string[];
}

async function tablesOf(t: TestContext, database: string) {
  const url = await createTestDatabaseUrl(t, async () => {}, migrationsOf(database));
  return { url, tables: (await queryRows(url, OBSTACLES)) as unknown as Table[] };
}

test('each table is of customers and ready for shards, of no customer, or has its obstacles named', async (t) => {
  const found = new Map<string, string[]>();
  for (const database of DATABASES) {
    const { tables } = await tablesOf(t, database);
    for (const { name, obstacles } of tables) found.set(`${database}.${name}`, obstacles);
  }
  const named = [...BY_CUSTOMER, ...OF_NO_CUSTOMER, ...Object.keys(NOT_YET)];
  assert.deepEqual([...found.keys()].sort(), named.sort(), 'each table is in one list');
  for (const table of BY_CUSTOMER) assert.deepEqual(found.get(table), [], table);
  for (const [table, { obstacles }] of Object.entries(NOT_YET)) {
    assert.deepEqual(found.get(table), obstacles, table);
  }
});

test('PostgreSQL partitions by customer exactly the tables whose keys contain the customer', async (t) => {
  let refused = 0;
  for (const database of DATABASES) {
    const { url, tables } = await tablesOf(t, database);
    for (const { name, obstacles } of tables.filter(({ keyed }) => keyed)) {
      const made = queryRows(
        url,
        `create table sharded (like ${name} including all) partition by hash (customer_id);
         drop table sharded`,
      );
      if (obstacles.some((obstacle) => obstacle.startsWith('unique '))) {
        await assert.rejects(made, { code: '0A000' }, name);
        refused++;
      } else await made;
    }
  }
  assert.ok(refused > 0);
});
