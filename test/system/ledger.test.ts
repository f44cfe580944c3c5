import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { auditPositions } from '#contracts/letter-audit.ts';
import type { LedgerDifference, LedgerReport } from '#contracts/operator.ts';
import { queryRows, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { insertLetters } from '#harness/past-data/past-letters.ts';
import { insertOrders, insertPayments, insertWallets } from '#harness/past-data/past-orders.ts';
import { call } from '#harness/requests.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import {
  orderOf,
  PATIENT,
  rub,
  startTestSystem,
  stop,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { createHttpClient } from '#platform/http/client.ts';
import { createCredentials } from '#platform/http/service-token.ts';

const VERIFY = '/v1/operator/ledger/verify';
const NOTHING_WAITS = {
  pendingOrders: 0,
  unpublishedEvents: 0,
  unreadEvents: 0,
  unsentLetters: 0,
};

async function verify(operator: TestCustomer, cursor?: string): Promise<LedgerReport> {
  const path = cursor === undefined ? VERIFY : `${VERIFY}?cursor=${encodeURIComponent(cursor)}`;
  const { status, body } = await operator.call('GET', path);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** The report once no work is in progress. */
function verifySettled(operator: TestCustomer): Promise<LedgerReport> {
  return eventually('all work to finish', async () => {
    const report = await verify(operator);
    const { pendingOrders, unpublishedEvents, unreadEvents, unsentLetters } = report.waiting;
    return pendingOrders + unpublishedEvents + unreadEvents + unsentLetters === 0 && report;
  });
}

const order = (customer: TestCustomer, price: number, key: string) =>
  customer.call('POST', '/v1/orders', orderOf(price), { 'idempotency-key': key });

/** One order of each end, by its id; all letters are sent. */
interface History {
  system: TestSystem;
  operator: TestCustomer;
  anna: TestCustomer;
  paid: string;
  paidEvent: string;
  declined: string;
  voided: string;
}

/** Top-ups, a paid, a declined and a voided order, each asked for twice. */
async function startHistory(t: TestContext): Promise<History> {
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 1_000 });
  for (let time = 0; time < 2; time++) {
    await anna.call('POST', '/v1/wallet/top-ups', { amount: rub(500) }, { 'idempotency-key': 't' });
  }
  const placed: string[] = [];
  for (const [key, price, answer] of [
    ['paid', 700, 201],
    ['declined', 5_000, 406],
  ] as const) {
    const { status, body } = await order(anna, price, key);
    assert.equal(status, answer, JSON.stringify(body));
    placed.push(body.id ?? body.order.id);
    await order(anna, price, key);
  }
  // As a gateway leaves it that died before the payment: recovery voids it.
  const [{ id: voided } = { id: '' }] = (await queryRows(
    system.databaseUrl('orders'),
    `insert into orders (id, customer_id, idempotency_key, request_hash, status, items,
        total_amount, currency, created_at)
      values ($3, $1, 'voided', '', 'Pending', $2, 300, 'RUB', now() - interval '1 minute')
      returning id`,
    [anna.customerId, JSON.stringify(orderOf(300).items), randomUUIDv7()],
  )) as { id: string }[];
  // Not before: it would take the others for abandoned too, while their requests still run.
  const quick = { RECOVERY_AGE_MS: '0', RECOVERY_INTERVAL_MS: '50' };
  const recovering = await system.startExtraGateway(quick);
  await eventually('recovery', async () => {
    const { body } = await anna.call('GET', `/v1/orders/${voided}`);
    return body.statusReason === 'voided';
  });
  await recovering.close();
  const [paid, declined] = placed as [string, string];
  await verifySettled(operator);
  const [event] = await queryRows(
    system.databaseUrl('orders'),
    'select id from outbox where aggregateid = $1',
    [paid],
  );
  return { system, operator, anna, paid, paidEvent: event?.id as string, declined, voided };
}

/** A change of a database, the differences that it must cause, and the statements that undo it. */
interface Damage {
  name: string;
  database: string;
  damage: string[];
  undo: string[];
  found: (history: History) => [LedgerDifference['relation'], string][];
}

const keep = (table: string) => `create table kept_${table} as table ${table}`;
const restore = (table: string, columns: string) => [
  `update ${table} set (${columns}) = (select ${columns} from kept_${table} kept
    where kept.id = ${table}.id)`,
  `drop table kept_${table}`,
];

const damages: Damage[] = [
  {
    name: 'a balance that no operation made',
    database: 'billing',
    damage: ['update wallets set balance = balance + 1'],
    undo: ['update wallets set balance = balance - 1'],
    found: ({ anna }) => [['balance-operations', anna.customerId]],
  },
  {
    name: 'an operation changed afterwards',
    database: 'billing',
    damage: ['update operations set amount = amount - 1 where order_id is not null'],
    undo: ['update operations set amount = amount + 1 where order_id is not null'],
    found: ({ anna, paid }) => [
      ['operation-decision', paid],
      ['balance-operations', anna.customerId],
    ],
  },
  {
    name: 'a charge of a voided order',
    database: 'billing',
    damage: [
      `update operations set order_id = (select order_id from payments where decision = 'voided')
        where order_id is not null`,
    ],
    undo: [
      `update operations set order_id = (select order_id from payments where decision = 'captured')
        where order_id is not null`,
    ],
    found: ({ paid, voided }) => [
      ['operation-decision', paid],
      ['operation-decision', voided],
    ],
  },
  {
    name: 'a decision that became another one',
    database: 'billing',
    damage: [`update payments set decision = 'voided' where decision = 'declined'`],
    undo: [
      `update payments set decision = 'declined'
        where decision = 'voided' and amount = (select max(amount) from payments)`,
    ],
    found: ({ declined }) => [['decision-order', declined]],
  },
  {
    name: 'a decision of no order, and an order without its decision',
    database: 'billing',
    damage: [
      'create table kept_payments as table payments',
      `update payments set order_id = 'ffffffff-0000-7000-8000-000000000000'
        where decision = 'declined'`,
    ],
    undo: [
      `update payments set order_id = kept.order_id from kept_payments kept
        where kept.amount = payments.amount`,
      'drop table kept_payments',
    ],
    found: ({ declined }) => [
      ['decision-order', declined],
      ['decision-order', 'ffffffff-0000-7000-8000-000000000000'],
    ],
  },
  {
    name: 'an order paid by another operation',
    database: 'orders',
    damage: [
      keep('orders'),
      `update orders set payment_operation_id = gen_random_uuid() where status = 'Paid'`,
    ],
    undo: restore('orders', 'payment_operation_id'),
    found: ({ paid }) => [
      ['decision-order', paid],
      ['order-event', paid],
    ],
  },
  {
    name: 'an event that was never written',
    database: 'orders',
    damage: [keep('orders'), `update orders set event_id = null where status = 'Paid'`],
    undo: restore('orders', 'event_id'),
    found: ({ paid, paidEvent }) => [
      ['order-event', paid],
      ['event-letter', paid],
      ['order-event', paidEvent],
    ],
  },
  {
    name: 'an event that says something else',
    database: 'orders',
    damage: [
      keep('outbox'),
      `update outbox set payload = jsonb_set(payload::jsonb, '{total,amount}', '1')
        where payload ->> 'reason' = 'voided'`,
    ],
    undo: restore('outbox', 'payload'),
    found: ({ voided }) => [['order-event', voided]],
  },
  {
    name: 'an event of no order',
    database: 'orders',
    damage: [
      `insert into outbox (id, aggregatetype, aggregateid, type, payload, published_at)
        values ('ffffffff-0000-7000-8000-000000000000', 'order', gen_random_uuid(), 'x', '{}',
          now())`,
    ],
    undo: [`delete from outbox where id = 'ffffffff-0000-7000-8000-000000000000'`],
    found: () => [['order-event', 'ffffffff-0000-7000-8000-000000000000']],
  },
  {
    name: 'a letter that says something else',
    database: 'notifications',
    damage: [keep('letters'), `update letters set kind = 'grief' where kind = 'happiness'`],
    undo: restore('letters', 'kind'),
    found: ({ paid }) => [['event-letter', paid]],
  },
  {
    name: 'a letter lost after its event was read, and one about no order',
    database: 'notifications',
    damage: [
      keep('letters'),
      `update letters set order_id = 'ffffffff-0000-7000-8000-000000000000'
        where reason = 'insufficient-funds'`,
    ],
    undo: restore('letters', 'order_id'),
    found: ({ declined }) => [
      ['event-letter', declined],
      ['event-letter', 'ffffffff-0000-7000-8000-000000000000'],
    ],
  },
  {
    name: 'a second letter about an order',
    database: 'notifications',
    damage: [
      `insert into letters (id, order_id, customer_id, kind, total_amount, currency, reason,
          occurred_at, template_version, recipient, state, partition, "offset")
        select 'ffffffff-0000-7000-8000-000000000000', order_id, customer_id, kind, total_amount,
          currency, reason, occurred_at, template_version, recipient, state, partition, "offset"
        from letters where reason = 'voided'`,
    ],
    undo: [`delete from letters where id = 'ffffffff-0000-7000-8000-000000000000'`],
    found: ({ voided }) => [['event-letter', voided]],
  },
];

test('a mixed history has no differences; every change of one database is found', async (t) => {
  const history = await startHistory(t);
  const { system, operator } = history;
  const sound: LedgerReport = {
    ok: true,
    complete: true,
    nextCursor: null,
    checked: { orders: 3, letters: 3, wallets: 1, events: 3 },
    waiting: NOTHING_WAITS,
    failedLetters: 0,
    acknowledged: 0,
    differences: [],
  };
  assert.deepEqual(await verify(operator), sound);

  for (const { name, database, damage, undo, found } of damages) {
    await t.test(name, async () => {
      const url = system.databaseUrl(database);
      for (const statement of damage) await queryRows(url, statement);
      const report = await verify(operator);
      const expected = found(history).map((difference) => difference.join(' '));
      const reported = report.differences.map(({ relation, id }) => `${relation} ${id}`);
      assert.deepEqual(reported.sort(), expected.sort(), JSON.stringify(report.differences));
      assert.equal(report.ok, expected.length === 0);
      for (const statement of undo) await queryRows(url, statement);
      assert.deepEqual(await verify(operator), sound);
    });
  }

  const { loseTail } = system.broker;
  if (loseTail !== undefined) {
    await t.test('a topic that ends before an event that it acknowledged', async () => {
      const undo = await loseTail();
      // The letters are there: they do not need the topic any more.
      const report = await verify(operator);
      assert.deepEqual([report.differences, report.ok], [[], true]);
      await undo();
      assert.deepEqual(await verify(operator), sound);
    });
  }

  await t.test('letters that failed are counted and are no difference', async () => {
    const url = system.databaseUrl('notifications');
    await queryRows(url, `update letters set state = 'failed' where kind = 'happiness'`);
    assert.deepEqual(await verify(operator), { ...sound, failedLetters: 1 });
    await queryRows(url, `update letters set state = 'sent' where kind = 'happiness'`);
  });
});

test('an event that is not published or not read is waiting, and lost once it is passed', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 1_000 });
  const { body } = await order(anna, 700, 'k');
  await verifySettled(operator);
  const inDatabase = (name: string, sql: string) => queryRows(system.databaseUrl(name), sql);

  await inDatabase('notifications', 'delete from letter_attempts');
  await inDatabase('notifications', 'delete from letters');
  const lost = await verify(operator);
  assert.deepEqual(
    lost.differences.map(({ relation, id }) => [relation, id]),
    [['event-letter', body.id]],
  );
  assert.match(lost.differences[0]?.detail ?? '', /was read .* lost or became a dead letter/);

  // A recreated topic does not contain the event.
  await inDatabase('orders', `update outbox set topic_id = 'another'`);
  const gone = await verify(operator);
  assert.match(gone.differences[0]?.detail ?? '', /is not in the topic any more/);

  await inDatabase(
    'orders',
    `update outbox set published_at = null, leased_until = now() + interval '1 day'`,
  );
  const unpublished = await verify(operator);
  assert.equal(unpublished.ok, true);
  assert.deepEqual(unpublished.waiting, { ...NOTHING_WAITS, unpublishedEvents: 1 });
});

test('notifications reports the position up to which it read the topic', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 1_000 });
  const client = createHttpClient({
    callee: 'notifications',
    urls: system.urlsOf('notifications'),
    credentials: await createCredentials('gateway', system.secrets.gatewayKey),
    log: testLog,
  });
  try {
    const positions = async () => {
      const options = { deadline: deadlineIn(5_000) };
      const answer = await client.call(auditPositions, { query: {} }, options);
      assert.ok(!answer.problem);
      return answer.body;
    };
    await order(anna, 700, 'k');
    await verifySettled(operator);
    const [event] = await queryRows(
      system.databaseUrl('orders'),
      'select topic_id, partition, "offset"::int from outbox',
    );
    const { topicId, data } = await positions();
    assert.equal(topicId, event?.topic_id);
    assert.equal(data.length, 6);
    for (const { partition, position, end } of data) {
      const events = partition === event?.partition ? 1 : 0;
      assert.deepEqual([position, end], [events, events]);
    }
  } finally {
    await client.close();
  }
});

test('customers may not verify, and a cursor is one that verify gave', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  assertProblem(await call(system.url, 'GET', VERIFY), 401, 'unauthenticated');
  const anna = await system.customer();
  assertProblem(await anna.call('GET', VERIFY), 403, 'forbidden');
  const operator = await system.operator();
  const encoded = (key: string) => Buffer.from(key).toString('base64url');
  for (const cursor of [
    'x',
    encoded('ledger:letters:'),
    encoded('ledger:orders:anna'),
    encoded('orders:00000000-0000-7000-8000-000000000000'),
    encoded('ledger:wallets:with space'),
  ]) {
    const answer = await operator.call('GET', `${VERIFY}?cursor=${cursor}`);
    assertProblem(answer, 400, 'invalid-request');
    assert.equal(answer.body.errors[0].parameter, 'cursor');
  }
  for (const place of ['ledger:events:', 'ledger:wallets:auth0|anna']) {
    assert.equal((await verify(operator, encoded(place))).complete, true);
  }
  await stop(system, 'billing');
  assertProblem(await operator.call('GET', VERIFY), 503, 'unavailable');
});

test('more differences than one answer holds: the cursors lead through all of them', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  // Older than their events are kept.
  const customerIds = Array.from({ length: 10 }, (_, number) => `past-${number}`);
  const past = { count: 600, customerIds, age: '9 days' };
  await insertWallets(system.databaseUrl('billing'), customerIds);
  await insertOrders(system.databaseUrl('orders'), past);
  await insertPayments(system.databaseUrl('billing'), past);
  await insertLetters(system.databaseUrl('notifications'), past);
  const sound = await verify(operator);
  assert.deepEqual([sound.ok, sound.complete], [true, true], JSON.stringify(sound.differences[0]));
  assert.deepEqual(sound.checked, { orders: 600, letters: 600, wallets: 10, events: 0 });

  await queryRows(
    system.databaseUrl('notifications'),
    `update letters set total_amount = 1
     where id in (select id from letters order by id desc limit 450)`,
  );
  const reports: LedgerReport[] = [];
  let cursor: string | undefined;
  do {
    const report = await verify(operator, cursor);
    reports.push(report);
    cursor = report.nextCursor ?? undefined;
  } while (cursor !== undefined);
  assert.deepEqual(
    reports.map(({ complete, differences }) => [complete, differences.length]),
    [
      [false, 200],
      [false, 200],
      [true, 50],
    ],
  );
  const ids = reports.flatMap(({ differences }) => differences.map(({ id }) => id));
  assert.equal(new Set(ids).size, 450);
  assert.equal(
    reports.reduce((sum, { checked }) => sum + checked.orders, 0),
    600,
  );
});

test('reconciliation finds no difference while 32 orders are placed at once', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 1_000_000 });
  let stop = false;
  let placed = 0;
  const customers = Array.from({ length: 32 }, async (_, number) => {
    for (let turn = 0; !stop; turn++) {
      // Every fourth is declined.
      const { status } = await order(anna, turn % 4 === 3 ? 10 ** 12 : 1, `${number}-${turn}`);
      assert.ok([201, 202, 406].includes(status), String(status));
      placed++;
    }
  });
  const reports: LedgerReport[] = [];
  try {
    while (reports.length < 12) {
      const before = placed;
      reports.push(await verify(operator));
      await eventually('more orders', async () => placed > before + 32);
    }
  } finally {
    stop = true;
    await Promise.all(customers);
  }
  for (const report of reports) assert.deepEqual(report.differences, []);
  const settled = await verifySettled(operator);
  assert.equal(settled.ok, true);
  assert.equal(settled.checked.orders, placed);
  assert.equal(settled.checked.letters, placed);
});
