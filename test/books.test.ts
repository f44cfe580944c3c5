import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { assertBooks } from './books.ts';
import { newHistory, orderAnswer } from './history.ts';
import { orderOf, queryRows, startTestSystem } from './system.ts';

/** Each breaks what the books say of one paid and one refused order, and how that is told. */
const corruptions: [database: string, sql: string, told: RegExp][] = [
  ['billing', `delete from payments where decision = 'declined'`, /decided undefined/],
  [
    'billing',
    "update payments set order_id = gen_random_uuid() where decision = 'declined'",
    /there is no such order/,
  ],
  [
    'billing',
    `update payments set decision = 'voided' where decision = 'declined'`,
    /decided Cancelled voided/,
  ],
  ['billing', 'update payments set amount = amount + 1', /was decided as/],
  ['billing', 'update wallets set balance = balance + 1', /ledger: wallet/],
  [
    'billing',
    `update operations set amount = amount + 1 where type = 'top_up'`,
    /topped up 1001, captured 100/,
  ],
  [
    'orders',
    `update orders set payment_operation_id = gen_random_uuid() where status = 'Paid'`,
    /not the decision's/,
  ],
  ['orders', `update orders set event_id = gen_random_uuid()`, /names event/],
  ['orders', `delete from outbox where payload->>'status' = 'Paid'`, /has no event/],
  [
    'orders',
    `insert into outbox (id, aggregatetype, aggregateid, type, payload, published_at, topic_id, partition, "offset")
     select gen_random_uuid(), aggregatetype, aggregateid, type, payload, now(), topic_id, partition, "offset" from outbox`,
    /has 2 events/,
  ],
  [
    'orders',
    `update outbox set payload = replace(payload::text, 'insufficient-funds', 'voided')::json`,
    /tells Cancelled voided/,
  ],
  ['orders', 'update orders set total_amount = total_amount + 1', /the order has another total/],
  ['orders', `update orders set idempotency_key = 'other' where status = 'Paid'`, /another order/],
  ['broker', 'delete from messages', /was acknowledged at/],
  [
    'broker',
    `insert into messages select topic, partition, "offset" + 100, key, 'x'::bytea, headers from messages`,
    /on the topic differ/,
  ],
  [
    'broker',
    `insert into messages select topic, partition, "offset" + 100, key, value, '[]' from messages`,
    /not in the outbox/,
  ],
  ['notifications', `delete from letter_attempts; delete from letters`, /has no letter/],
  ['notifications', `update letters set state = 'failed'`, /is failed/],
  ['notifications', `update letters set kind = 'happiness'`, /does not tell of/],
  ['notifications', `update letters set recipient = 'x@example.com'`, /went elsewhere/],
  [
    'notifications',
    `insert into dead_letters (id, topic, partition, "offset", headers, digest, error)
     values (gen_random_uuid(), 'orders', 0, 0, '[]', 'x', 'broken')`,
    /dead letter .*: broken/,
  ],
  ['mailbox', 'delete from messages', /was not received/],
  [
    'mailbox',
    'insert into messages select id + 100, received_at, envelope_from, envelope_to, message_id, subject, size, search_text from messages; insert into sources select id + 100, raw from sources',
    /came 2 times/,
  ],
  ['mailbox', `update messages set message_id = '<x@y>'`, /mail x is not of a letter/],
];

type System = Awaited<ReturnType<typeof startTestSystem>>;

/** Keeps a copy of the tables of a database while one is spoilt. */
async function corrupt(system: System, database: string, sql: string) {
  if (database === 'mailbox') {
    const mailbox = new DatabaseSync(system.mailboxFile, { timeout: 1_000 });
    mailbox.exec(
      'create temp table m as select * from messages; create temp table s as select * from sources',
    );
    mailbox.exec(sql);
    return async () => {
      mailbox.exec('delete from messages; delete from sources');
      mailbox.exec('insert into messages select * from m; insert into sources select * from s');
      mailbox.close();
    };
  }
  const url = system.databaseUrl(database);
  const tables = TABLES[database] as string[];
  for (const table of tables) await queryRows(url, `create table kept_${table} as table ${table}`);
  // As a superuser: neither foreign keys nor triggers stand in the way.
  await queryRows(url, `set session_replication_role = replica; ${sql}`);
  return async () => {
    for (const table of tables) {
      await queryRows(
        url,
        `set session_replication_role = replica; delete from ${table};
         insert into ${table} overriding system value table kept_${table}; drop table kept_${table}`,
      );
    }
  };
}

const TABLES: Record<string, string[]> = {
  billing: ['payments', 'operations', 'wallets'],
  orders: ['orders', 'outbox'],
  broker: ['messages'],
  notifications: ['letters', 'letter_attempts', 'dead_letters'],
};

test('the check of the books finds what is right, and tells every breach', async (t) => {
  const system = await startTestSystem(t);
  const history = newHistory();
  const { customerId, call } = await system.customer({ topUp: 1_000 });
  for (const amount of [100, 5_000]) {
    const key = `key-${amount}`;
    const answer = await call('POST', '/v1/orders', orderOf(amount), { 'idempotency-key': key });
    history.orders.push(orderAnswer({ customerId, key, amount }, answer));
  }
  await assertBooks(system, history);

  for (const [database, sql, told] of corruptions) {
    await t.test(sql, async () => {
      const undo = await corrupt(system, database, sql);
      try {
        await assert.rejects(assertBooks(system, history), told);
      } finally {
        await undo();
      }
    });
  }
  await assertBooks(system, history);

  const [paid, refused] = history.orders;
  assert.ok(paid && refused);
  const answers: [object, RegExp][] = [
    [{ ...paid, status: 500 }, /not documented/],
    [{ ...paid, status: 409 }, /contradicted/],
    [{ ...refused, status: 201 }, /contradicted/],
    [{ ...paid, orderId: refused.orderId }, /another order/],
    [{ ...paid, status: 202 }, /not Pending/],
    [{ ...paid, status: 422 }, /422 without another body/],
    [{ ...refused, balance: 5 }, /decided on 900/],
    [{ ...paid, key: 'never used' }, /ended undefined/],
  ];
  for (const [answer, told] of answers) {
    const orders = [answer as typeof paid];
    await assert.rejects(assertBooks(system, { orders, topUps: [] }), told);
  }
  const topUps = [{ customerId, key: 'lost', amount: 1, status: 201 }];
  await assert.rejects(assertBooks(system, { orders: [], topUps }), /found 0 times/);
});
