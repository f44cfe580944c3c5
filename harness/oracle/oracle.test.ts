import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { queryRows } from '../database.ts';
import { rub, startTestSystem } from '../system/system.ts';
import { echoOf, type History, itemsText, newHistory, orderAnswer } from './history.ts';
import { assertReconciled } from './oracle.ts';

/** Gives each row of a table the value that the next one has. */
function swapped(table: string, column: string): string {
  return `update ${table} set ${column} = next.value from (
      select ctid as row, coalesce(lead(${column}) over (order by ctid),
        first_value(${column}) over (order by ctid)) as value from ${table}
    ) next where next.row = ${table}.ctid`;
}

// The paid order's letter, instead of each.
const OTHER_TEXT = 'update sources set raw = (select raw from sources order by id limit 1)';

/** Each corrupts the data of one paid and one refused order; with the violation it must cause. */
const corruptions: [database: string, sql: string, expected: RegExp][] = [
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
    /topped up 2002, captured 100/,
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
    /tells .* to Cancelled voided/,
  ],
  ['orders', 'update orders set total_amount = total_amount + 1', /the order has another total/],
  ['orders', swapped('orders', 'items'), /the order has another total or other items/],
  ['orders', swapped('orders', 'customer_id'), /another order/],
  ['orders', swapped('outbox', 'payload'), /event .* tells .*, order .* is/],
  [
    'orders',
    `update outbox set payload = jsonb_set(payload::jsonb, '{orderId}', to_jsonb(gen_random_uuid()))::json`,
    /event .* tells .*, order .* is/,
  ],
  ['orders', 'update outbox set "offset" = "offset" + 1', /was acknowledged at/],
  [
    'orders',
    `insert into orders select (jsonb_populate_record(orders, jsonb_build_object('id', gen_random_uuid(),
       'idempotency_key', 'nobody''s'))).* from orders where status = 'Paid'`,
    /orders of .* that nobody asked for: .*nobody's/,
  ],
  [
    'billing',
    `update operations set idempotency_key = 'self/other' where number = 1`,
    /top-ups of .* that nobody asked for: .*self\/other/,
  ],
  [
    'billing',
    `insert into operations select (jsonb_populate_record(operations, jsonb_build_object('id',
       gen_random_uuid(), 'number', 100 + number, 'idempotency_key', 'self/again'))).*
     from operations where type = 'top_up'`,
    /wallet .* got 2000, its customer asked for 1000 to 1000/,
  ],
  ['orders', `update orders set idempotency_key = 'other' where status = 'Paid'`, /another order/],
  ['broker', 'delete from messages', /was acknowledged at/],
  [
    'broker',
    `insert into messages select topic, partition, "offset" + 100, key, 'x'::bytea, headers from messages`,
    /on the topic differ/,
  ],
  ['broker', swapped('messages', 'value'), /event .* on the topic is .*, in the outbox/],
  ['broker', swapped('messages', 'key'), /event .* on the topic is .*, in the outbox/],
  [
    'broker',
    `update messages set headers = (headers::jsonb || '[["more", "eA=="]]')::json`,
    /event .* on the topic is .*, in the outbox/,
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
  ['notifications', swapped('letters', 'recipient'), /letter .* of .*@example.com went to/],
  ['notifications', swapped('letters', 'customer_id'), /does not tell of/],
  ['notifications', swapped('letters', 'order_id'), /does not tell of/],
  [
    'notifications',
    'update letters set "offset" = "offset" + 1',
    /letter .* names .*, not its event/,
  ],
  [
    'notifications',
    `insert into dead_letters (id, topic, partition, "offset", headers, digest, error)
     values (gen_random_uuid(), 'orders', 0, 0, '[]', 'x', 'broken')`,
    /dead letter .*: broken/,
  ],
  ['mailbox', 'delete from messages', /was not received/],
  [
    'mailbox',
    'insert into messages select id + 100, received_at, envelope_from, envelope_to, message_id, subject, size, search_text, seen from messages; insert into sources select id + 100, raw from sources',
    /came 2 times/,
  ],
  ['mailbox', `update messages set message_id = '<x@y>'`, /mail x is not of a letter/],
  ['mailbox', OTHER_TEXT, /the text of letter .* names orders/],
  ['mailbox', OTHER_TEXT, /the text of letter .* tells the sum 100, not 5000/],
  ['mailbox', OTHER_TEXT, /the text of letter .* is not of grief/],
  ['mailbox', OTHER_TEXT, /letter .* does not greet/],
];

type System = Awaited<ReturnType<typeof startTestSystem>>;

/** Corrupts a database. @returns restores it */
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
  // As a superuser, without foreign keys and triggers.
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

const item = (name: string, quantity: number, price: number) => ({
  name,
  quantity,
  unitPrice: rub(price),
});
// Of equal totals, so that only names and quantities differ.
const PAID = [item('Книга', 2, 30), item('Чай', 1, 40)];
const REFUSED = [item('Чай', 50, 100)];

/** One customer with a paid order and one with a refused one; the history has all their requests. */
async function fillSystem(system: System): Promise<History & { customers: { name: string }[] }> {
  const history = newHistory();
  for (const [name, items, amount] of [
    ['Анна', PAID, 100],
    ['Boris', REFUSED, 5_000],
  ] as const) {
    const { customerId, email, call } = await system.customer({ name });
    history.customers.push({ customerId, email, name });
    const key = `key-${amount}`;
    const asked = { customerId, key, amount, items: itemsText([...items]) };
    const headers = { 'idempotency-key': key };
    const topUp = await call('POST', '/v1/wallet/top-ups', { amount: rub(1_000) }, headers);
    const { status } = topUp;
    history.topUps.push({ customerId, key, amount: 1_000, status, ...echoOf(topUp) });
    const answer = await call('POST', '/v1/orders', { items }, headers);
    history.orders.push(orderAnswer(asked, answer));
  }
  return history;
}

test('the oracle accepts data that agree, and reports every violation', async (t) => {
  const system = await startTestSystem(t);
  const history = await fillSystem(system);
  await assertReconciled(system, history);

  for (const [database, sql, expected] of corruptions) {
    await t.test(sql, async () => {
      const undo = await corrupt(system, database, sql);
      try {
        await assert.rejects(assertReconciled(system, history), expected);
      } finally {
        await undo();
      }
    });
  }
  await assertReconciled(system, history);

  const [paid, refused] = history.orders;
  assert.ok(paid && refused);
  const other = itemsText(REFUSED);
  const answers: [object, RegExp][] = [
    [{ ...paid, status: 500 }, /not documented/],
    [{ ...paid, status: 409 }, /contradicted/],
    [{ ...refused, status: 201 }, /contradicted/],
    [{ ...paid, orderId: refused.orderId }, /another order/],
    [{ ...paid, status: 202 }, /not Pending/],
    [{ ...paid, status: 422 }, /422 without another body/],
    [{ ...refused, balance: 5 }, /decided on 1000/],
    [{ ...refused, required: 5 }, /tells another amount/],
    [{ ...paid, key: 'never used' }, /ended undefined/],
    [{ ...paid, items: other }, /the order has another total or other items/],
    [{ ...paid, answeredItems: other }, /it shows other items/],
    [{ ...paid, echoed: null }, /it names the key null/],
    [{ ...paid, echoed: 'other' }, /it names the key other/],
  ];
  for (const [answer, expected] of answers) {
    const orders = [answer as typeof paid];
    await assert.rejects(assertReconciled(system, { orders, topUps: [] }), expected);
  }
  // Another body under a key that was used is what 422 is for.
  const items = itemsText([item('Книга', 1, 60), item('Чай', 1, 40)]);
  const rejected = { ...paid, items, status: 422, orderId: undefined, orderStatus: undefined };
  await assertReconciled(system, { orders: [rejected], topUps: [] });

  const [topUp] = history.topUps;
  assert.ok(topUp);
  for (const [change, expected] of [
    [{ key: 'lost' }, /found 0 times/],
    [{ amount: 1 }, /another amount/],
    [{ status: 500 }, /not documented/],
    [{ echoed: null }, /it names the key null/],
  ] as const) {
    const topUps = [{ ...topUp, ...change }];
    await assert.rejects(assertReconciled(system, { orders: [], topUps }), expected);
  }
});
