import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { openMailStore } from '#dev/mailbox/store.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { migrate } from '#platform/postgres/migrate.ts';
import { embeddedTopic } from '../broker/embedded-topic.ts';
import { createTestDatabaseUrl, queryRows, testLog, testServerUrl } from '../database.ts';
import { insertSentLetters } from '../past-data/past-letters.ts';
import { insertOrders, insertPayments, insertWallets } from '../past-data/past-orders.ts';
import {
  answerViolations,
  letterViolations,
  mailViolations,
  moneyViolations,
} from './compare-sums.ts';
import { LEDGER_VIOLATIONS } from './ledger.ts';

const MIGRATIONS = {
  orders: 'services/orders/migrations/',
  billing: 'services/billing/migrations/',
  notifications: 'services/notifications/migrations/',
  broker: 'platform/broker/embedded/migrations/',
};
const PAST = { count: 50, customerIds: ['anna', 'boris', 'vera'] };
/** One live order with its letter, in addition to the past ones. */
const LIVE = '019f0000-0000-7000-8000-000000000001';
const LIVE_EVENT = '019f0000-0000-7000-a000-000000000001';

type Part = 'money' | 'letters' | 'mails' | 'answers';

type Name = keyof typeof MIGRATIONS;
type Query = (database: Name, sql: string, values?: unknown[]) => Promise<unknown>;

interface TestState {
  query: Query;
  violations(part: Part): Promise<string[]>;
  /** The same but for one database, which is a copy: what is done to it harms nothing else. */
  copyOf(database: Name, t: TestContext): Promise<TestState>;
}

/** Databases as those of a set-up at rest, which agree. */
async function createState(t: TestContext): Promise<TestState> {
  const urls = new Map<string, string>();
  for (const [name, folder] of Object.entries(MIGRATIONS)) {
    const url = await createTestDatabaseUrl(t);
    urls.set(name, url);
    const log = testLog;
    const database = createDatabase({ url, connectionsMax: 1, applicationName: 'test', log });
    await migrate(database, new URL(`../../${folder}`, import.meta.url));
    await database.close();
  }
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-oracle-'));
  t.after(() => rm(folder, { recursive: true }));
  const mailboxFile = join(folder, 'mailbox.sqlite');
  const state = stateIn(urls, mailboxFile);
  const url = (name: string) => urls.get(name) as string;
  await state.query('broker', 'insert into topics (name, partitions) values ($1, 6)', [
    ORDERS_TOPIC,
  ]);
  await insertWallets(url('billing'), PAST.customerIds);
  await insertOrders(url('orders'), PAST);
  await insertPayments(url('billing'), PAST);
  await insertSentLetters(url, PAST);
  await addLiveOrder(state.query, mailboxFile);
  return state;
}

function stateIn(urls: Map<string, string>, mailboxFile: string): TestState {
  const databaseUrl = (name: string) => urls.get(name) as string;
  const sources = {
    databaseUrl,
    broker: embeddedTopic(databaseUrl('broker')),
    listMails: async () => [],
  };
  const answer = {
    customerId: 'anna',
    key: 'live',
    amount: 100,
    status: 406,
    orderId: LIVE,
    orderStatus: 'Cancelled',
    balance: 0,
  };
  return {
    query: (name, sql, values) => queryRows(databaseUrl(name), sql, values),
    violations: (part) =>
      ({
        money: () => moneyViolations(sources),
        letters: () => letterViolations(sources),
        mails: () => mailViolations(sources, mailboxFile),
        answers: () => answerViolations(sources, [answer]),
      })[part](),
    async copyOf(name, t) {
      const copy = await createTestDatabaseUrl(t);
      const nameOf = (url: string) => new URL(url).pathname.slice(1);
      await queryRows(testServerUrl(), `drop database ${nameOf(copy)}`);
      const template = nameOf(databaseUrl(name));
      await queryRows(testServerUrl(), `create database ${nameOf(copy)} template ${template}`);
      return stateIn(new Map([...urls, [name, copy]]), mailboxFile);
    },
  };
}

async function addLiveOrder(query: Query, mailboxFile: string): Promise<void> {
  await query(
    'orders',
    `insert into orders (id, customer_id, idempotency_key, request_hash, status, status_reason,
       items, total_amount, currency, event_id)
     values ($1, 'anna', 'live', '', 'Cancelled', 'insufficient-funds', '[]', 100, 'RUB', $2)`,
    [LIVE, LIVE_EVENT],
  );
  await query(
    'orders',
    `insert into outbox (id, aggregatetype, aggregateid, type, payload, published_at)
     values ($2, 'order', $1, 'type', '{"status":"Cancelled"}', now())`,
    [LIVE, LIVE_EVENT],
  );
  await query(
    'billing',
    `insert into payments (order_id, customer_id, amount, currency, decision, balance_seen)
     values ($1, 'anna', 100, 'RUB', 'declined', 0)`,
    [LIVE],
  );
  await query(
    'notifications',
    `insert into letters (id, order_id, customer_id, kind, total_amount, currency, occurred_at,
       template_version, recipient, state, partition, "offset")
     values ($2, $1, 'anna', 'grief', 100, 'RUB', now(), 1, 'anna@example.com', 'sent', 0, 0)`,
    [LIVE, LIVE_EVENT],
  );
  const mailbox = openMailStore(mailboxFile, { messagesMax: 10 });
  const raw = Buffer.from(`Message-ID: <${LIVE_EVENT}@orderbell.localdomain>\r\n\r\nGrief.\r\n`);
  const envelope = { from: 'orders@example.com', to: ['anna@example.com'] };
  mailbox.add([{ receivedAt: new Date().toISOString(), envelope, raw }]);
  mailbox.close();
}

const PARTS: Part[] = ['money', 'letters', 'mails', 'answers'];

const FIRST = "'01970000-0000-7000-8000-000000000000'";

/** One corruption each, and the part that must report it. */
const harms: [what: string, database: Name, sql: string, part: Part][] = [
  [
    'an order that is still Pending',
    'orders',
    `update orders set status = 'Pending', payment_operation_id = null where id = ${FIRST}`,
    'money',
  ],
  [
    'an order of another amount than was charged',
    'orders',
    `update orders set total_amount = 99 where id = ${FIRST}`,
    'money',
  ],
  [
    'two orders whose operations are exchanged',
    'orders',
    "update orders set payment_operation_id = case id when '01970000-0000-7000-8000-000000000001' then '01970000-0000-7000-9000-000000000002'::uuid else '01970000-0000-7000-9000-000000000001'::uuid end where id in ('01970000-0000-7000-8000-000000000001', '01970000-0000-7000-8000-000000000002')",
    'money',
  ],
  [
    'an order whose decision is missing',
    'billing',
    `delete from payments where order_id = '${LIVE}'`,
    'money',
  ],
  [
    'money without a top-up',
    'billing',
    "update wallets set balance = balance + 1 where customer_id = 'anna'",
    'money',
  ],
  [
    'an unpublished event',
    'orders',
    `update outbox set published_at = null where id = '${LIVE_EVENT}'`,
    'letters',
  ],
  [
    'an event with another final status',
    'orders',
    `update outbox set payload = '{"status":"Paid"}' where id = '${LIVE_EVENT}'`,
    'letters',
  ],
  [
    'a letter that is missing',
    'notifications',
    `delete from letters where id = '${LIVE_EVENT}'`,
    'letters',
  ],
  [
    'a letter of happiness about a refusal',
    'notifications',
    `update letters set kind = 'happiness' where id = '${LIVE_EVENT}'`,
    'letters',
  ],
  [
    'a dead letter',
    'notifications',
    "insert into dead_letters (id, topic, partition, \"offset\", headers, digest, error) values (gen_random_uuid(), 'orders', 0, 0, '[]', '', 'x')",
    'letters',
  ],
  [
    'a letter that is not sent',
    'notifications',
    `update letters set state = 'queued' where id = '${LIVE_EVENT}'`,
    'mails',
  ],
  [
    'a mail of no letter',
    'notifications',
    `delete from letters where id = '${LIVE_EVENT}'`,
    'mails',
  ],
  [
    'a letter without a mail',
    'notifications',
    `update letters set id = '019f0000-0000-7000-a000-000000000002' where id = '${LIVE_EVENT}'`,
    'mails',
  ],
  [
    'a refusal of an order that was paid',
    'orders',
    `update orders set status = 'Paid', status_reason = null, payment_operation_id = gen_random_uuid() where id = '${LIVE}'`,
    'answers',
  ],
  [
    'an answer about an order that is not there',
    'orders',
    `delete from orders where id = '${LIVE}'`,
    'answers',
  ],
];

test('data that agree have no violation, past orders included', async (t) => {
  const state = await createState(t);
  for (const part of PARTS) assert.deepEqual(await state.violations(part), [], part);
  assert.deepEqual(await state.query('billing', LEDGER_VIOLATIONS), []);

  for (const [what, database, sql, part] of harms) {
    await t.test(`sums show ${what}`, async (each) => {
      const harmed = await state.copyOf(database, each);
      await harmed.query(database, sql);
      assert.notDeepEqual(await harmed.violations(part), []);
    });
  }
});
