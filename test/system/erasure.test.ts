import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { dirname } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DATABASES } from '#dev/system/databases.ts';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { assertReconciled, untilQuiet } from '#harness/oracle/oracle.ts';
import { filesWith, tablesWith } from '#harness/oracle/personal-data.ts';
import { call } from '#harness/requests.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import {
  orderOf,
  PASSWORD,
  PATIENT,
  rub,
  startTestSystem,
  stop,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';

const CONFIRM = 'erase my data';

async function start(t: TestContext) {
  const system = await startTestSystem(t, { ...PATIENT, RECOVERY_INTERVAL_MS: '100' });
  return { system, operator: await system.operator() };
}

/** Texts that are the customer's and no one else's. */
function textsOf(customer: TestCustomer) {
  const mark = randomUUID().slice(0, 8);
  return {
    registered: customer.email,
    first: `anna.${mark}@first.example`,
    refused: `refuse@${mark}.example`,
    // In letters only: a name with many digits is no greeting.
    name: `Аннушка ${mark.replace(/\d/g, (digit) => String.fromCharCode(0x67 + Number(digit)))}`,
    notGreeted: `Аннушка ${mark} 1234567`,
    item: `Письма о любви, том ${mark}`,
    sku: `sku-of-${mark}`,
  };
}

type Texts = ReturnType<typeof textsOf>;

async function changeProfile(customer: TestCustomer, email: string, name: string) {
  const answer = await customer.call('PUT', '/v1/profile', { email, name, locale: 'ru' });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

async function order(customer: TestCustomer, texts: Texts, key: string) {
  const item = { name: texts.item, sku: texts.sku, quantity: 1, unitPrice: rub(1_000) };
  const answer = await customer.call(
    'POST',
    '/v1/orders',
    { items: [item] },
    {
      'idempotency-key': key,
    },
  );
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body.id as string;
}

/** Leaves the customer's texts everywhere where the system can have them. */
async function fillEverywhere(system: TestSystem, customer: TestCustomer, operator: TestCustomer) {
  const texts = textsOf(customer);
  await call(system.url, 'POST', '/v1/sessions', {
    body: { email: texts.registered, password: 'a wrong password' },
  });
  await call(system.url, 'POST', '/v1/password-resets', { body: { email: texts.registered } });
  await changeProfile(customer, texts.first, texts.name);
  const topUp = await customer.call(
    'POST',
    '/v1/wallet/top-ups',
    { amount: rub(50_000) },
    {
      'idempotency-key': `${texts.first}-top-up`,
    },
  );
  await operator.call(
    'POST',
    `/v1/operator/wallets/${customer.customerId}/operations/${topUp.body.id}/reversal`,
    { reason: `${texts.first} asked for it` },
  );
  await order(customer, texts, `${texts.first}-order`);
  await untilQuiet(sourcesOf(system));
  await changeProfile(customer, texts.refused, texts.notGreeted);
  const failed = await order(customer, texts, randomUUID());
  await untilQuiet(sourcesOf(system));
  await eventually('the letter about the account', async () => {
    const rows = await queryRows(
      system.databaseUrl('notifications'),
      'select from account_letters where email = $1 and sent_at is not null',
      [texts.registered],
    );
    return rows.length === 1;
  });
  // As where addresses are confirmed.
  await queryRows(
    system.databaseUrl('profiles'),
    `insert into confirmation_tokens (hash, customer_id, email, expires_at)
      values ('\\x01', $1, $2, now() + interval '1 day')`,
    [customer.customerId, texts.first],
  );
  await queryRows(
    system.databaseUrl('notifications'),
    `insert into recipient_slots (address, class, slot, letter_id) values ($1, 'test', 0, $2)`,
    [texts.first, randomUUIDv7()],
  );
  // A mail server repeats the address, as most of them do.
  await queryRows(
    system.databaseUrl('notifications'),
    `with refused as (update letters set failure = $2, smtp_response = $2 where order_id = $1
        returning id)
      update letter_attempts set response = $2, error = $2 from refused where letter_id = id`,
    [failed, `550 5.1.1 <${texts.refused.toUpperCase()}>: no such mailbox`],
  );
  const header = ['ce_subject', Buffer.from(texts.refused).toString('base64')];
  await queryRows(
    system.databaseUrl('notifications'),
    `insert into dead_letters (id, topic, partition, "offset", key, value, headers, digest, error)
      values ($1, 'other', 0, 0, $2, $3, $4, '', $5)`,
    [
      randomUUIDv7(),
      Buffer.from(customer.customerId),
      Buffer.from(JSON.stringify({ customerId: customer.customerId, name: texts.name })),
      JSON.stringify([header]),
      `not understood: ${texts.name}`,
    ],
  );
  return texts;
}

function sourcesOf({ databaseUrl, broker, listMails }: TestSystem) {
  return { databaseUrl, broker, listMails };
}

/** Everywhere where one of the texts is. */
async function placesOf(system: TestSystem, texts: Texts): Promise<string[]> {
  const values = Object.values(texts);
  const tables = await Promise.all(
    DATABASES.map(async (name) => {
      const found = await tablesWith(system.databaseUrl(name), values);
      return found.map((place) => `${name} ${place}`);
    }),
  );
  return [...tables.flat(), ...filesWith(dirname(system.mailboxFile), values)];
}

async function untilErased(operator: TestCustomer, customerId: string) {
  return eventually('the erasure', async () => {
    const { body } = await operator.call('GET', `/v1/operator/customers/${customerId}/erasure`);
    return body.state === 'done' && body;
  });
}

async function verify(operator: TestCustomer) {
  const { body } = await operator.call('GET', '/v1/operator/ledger/verify');
  assert.deepEqual([body.ok, body.differences], [true, []]);
}

test('an erasure leaves nothing of the customer, also if a service is away in the middle', async (t) => {
  const { system, operator } = await start(t);
  const customer = await system.customer({ topUp: 100_000 });
  const other = await system.customer({ topUp: 100_000, name: 'Борис' });
  await other.call('POST', '/v1/orders', orderOf(5_000));
  const texts = await fillEverywhere(system, customer, operator);
  await verify(operator);
  const before = (await placesOf(system, texts)).join('\n');
  // So that the search is known to find.
  for (const place of [
    'identity public',
    'profiles public',
    'orders public.orders',
    'billing public.operations',
    'public.letters',
    'letter_attempts',
    'dead_letters',
    'identity public.attempts',
    `,"${texts.registered} `,
    'account_letters',
    'recipient_slots',
    'confirmation_tokens',
    'mailbox.sqlite',
  ]) {
    assert.ok(before.includes(place), `${place} is not among ${before}`);
  }
  const money = await moneyOf(system);
  const sessions = 'select from sessions where account_id = $1';
  const identity = system.databaseUrl('identity');
  assert.equal((await queryRows(identity, sessions, [customer.customerId])).length, 1);

  const startAgain = await stop(system, 'notifications');
  const { status, body } = await customer.call('POST', '/v1/account/erasure', {
    confirm: CONFIRM,
    password: PASSWORD,
  });
  assert.deepEqual([status, body.state, body.customerId], [202, 'pending', customer.customerId]);
  assertProblem(await customer.call('GET', '/v1/profile'), 401, 'unauthenticated');
  const path = `/v1/operator/customers/${customer.customerId}`;
  await eventually('an erasure that waits', async () => {
    const { body } = await operator.call('GET', `${path}/erasure`);
    return body.waitsFor === 'services';
  });
  await startAgain();
  const done = await untilErased(operator, customer.customerId);
  assert.equal(done.requestedBy, customer.customerId);

  assert.deepEqual(await placesOf(system, texts), []);
  assert.deepEqual(await queryRows(identity, sessions, [customer.customerId]), []);
  // The trail keeps the reversal by its ids: the search above has read it.
  const trail = await queryRows(
    system.databaseUrl('billing'),
    'select reason from audit_trail where $1 = any(subject_ids)',
    [customer.customerId],
  );
  assert.equal(trail.length, 1);
  assert.match(String(trail[0]?.reason), /asked for it/);
  assert.deepEqual(await moneyOf(system), money);
  await verify(operator);
  await queryRows(system.databaseUrl('notifications'), 'delete from dead_letters');
  await assertReconciled(sourcesOf(system));
  assert.equal((await other.call('GET', '/v1/letters')).body.data[0].state, 'sent');
  assertProblem(
    await call(system.url, 'POST', '/v1/sessions', {
      body: { email: texts.registered, password: PASSWORD },
    }),
    401,
    'sign-in-failed',
  );
  const again = await call(system.url, 'POST', '/v1/registrations', {
    body: { email: texts.registered, password: PASSWORD, name: 'Анна' },
  });
  assert.equal(again.status, 201, JSON.stringify(again.body));
  assert.notEqual(again.body.customerId, customer.customerId);
});

/** All that the erasure must not touch. */
async function moneyOf(system: TestSystem) {
  const read = (name: string, sql: string) => queryRows(system.databaseUrl(name), sql);
  return {
    wallets: await read('billing', 'select * from wallets order by customer_id'),
    payments: await read('billing', 'select * from payments order by order_id'),
    operations: await read(
      'billing',
      `select id, customer_id, number, type, amount, currency, balance_after, order_id, created_at
        from operations order by customer_id, number`,
    ),
    orders: await read(
      'orders',
      `select id, customer_id, status, request_hash, total_amount, currency, version, updated_at,
          jsonb_path_query_array(items, '$[*].unitPrice.amount') as prices
        from orders order by id`,
    ),
  };
}

test('an export has all data as one document, the own and by the operator', async (t) => {
  const { system, operator } = await start(t);
  const customer = await system.customer({ topUp: 200_000 });
  const texts = textsOf(customer);
  await changeProfile(customer, texts.first, texts.name);
  const ids: string[] = [];
  // More than a page of a list.
  for (let i = 0; i < 103; i++) ids.unshift(await order(customer, texts, randomUUID()));
  await untilQuiet(sourcesOf(system));
  const own = await customer.call('GET', '/v1/account/export');
  assert.equal(own.status, 200);
  assert.match(own.headers.get('content-disposition') ?? '', /attachment/);
  const { exportedAt, account, leftOut, ...data } = own.body;
  assert.ok(Date.parse(exportedAt) && leftOut.length > 0);
  const [session] = account.sessions;
  assert.deepEqual([account.email, account.sessions.length], [customer.email, 1]);
  assert.ok(Date.parse(session.startedAt) < Date.parse(session.endsAt));
  assert.deepEqual(data.profile.email, texts.first);
  assert.deepEqual(
    data.orders.map(({ id }: { id: string }) => id),
    ids,
  );
  assert.equal(data.orders[0].items[0].name, texts.item);
  assert.deepEqual([data.operations.length, data.letters.length, data.complete], [104, 103, true]);
  assert.ok(data.letters[0].text.includes(texts.name) && data.letters[0].attempts.length === 1);
  assert.equal(Object.keys(own.body).at(-1), 'complete');
  assert.doesNotMatch(JSON.stringify(own.body), /scrypt|password"|token/i);

  const path = `/v1/operator/customers/${customer.customerId}`;
  const byOperator = await operator.call('GET', `${path}/export`);
  const { exportedAt: _, ...same } = byOperator.body;
  assert.deepEqual(same, { account, leftOut, ...data });
  const unknown = await operator.call('GET', `/v1/operator/customers/${randomUUID()}/export`);
  assertProblem(unknown, 404, 'not-found');
  assertProblem(await customer.call('GET', `${path}/export`), 403, 'forbidden');
  for (const name of ['orders', 'billing', 'profiles', 'notifications', 'identity']) {
    const startAgain = await stop(system, name);
    assertProblem(await customer.call('GET', '/v1/account/export'), 503, 'unavailable');
    await startAgain();
  }
});

test('an erasure needs the password and the word; the operator’s own account is refused', async (t) => {
  const { system, operator } = await start(t);
  const customer = await system.customer();
  const erase = (body: object) => customer.call('POST', '/v1/account/erasure', body);
  for (const body of [{ password: PASSWORD }, { confirm: CONFIRM }, { confirm: 'yes' }, {}]) {
    assertProblem(await erase(body), 400, 'invalid-request');
  }
  const wrong = { confirm: CONFIRM, password: 'a wrong password' };
  assertProblem(await erase(wrong), 403, 'wrong-password');
  const path = (id: string) => `/v1/operator/customers/${id}/erasure`;
  assertProblem(await operator.call('GET', path(customer.customerId)), 404, 'not-found');
  const reason = { reason: `${customer.email} asked by telephone` };
  assertProblem(await customer.call('POST', path(customer.customerId), reason), 403, 'forbidden');
  assertProblem(await operator.call('POST', path(randomUUID()), reason), 404, 'not-found');
  assertProblem(await operator.call('POST', path(customer.customerId), {}), 400, 'invalid-request');
  const [row] = await queryRows(
    system.databaseUrl('identity'),
    `select id::text from "user" where role = 'operator'`,
  );
  const ofOperator = await operator.call('POST', path(String(row?.id)), reason);
  assertProblem(ofOperator, 409, 'operator-account');
  const own = { confirm: CONFIRM, password: system.secrets.operatorPassword };
  const operatorsOwn = await operator.call('POST', '/v1/account/erasure', own);
  assertProblem(operatorsOwn, 409, 'operator-account');

  const first = await operator.call('POST', path(customer.customerId), reason);
  assert.deepEqual([first.status, first.body.state], [202, 'pending']);
  const again = await operator.call('POST', path(customer.customerId), { reason: 'twice' });
  assert.equal(again.body.requestedAt, first.body.requestedAt);
  const done = await untilErased(operator, customer.customerId);
  assert.equal(done.reason, '… asked by telephone');
  assertProblem(await customer.call('GET', '/v1/wallet'), 401, 'unauthenticated');
});

test('letters of orders that end later have no address, fail, and are no alarm', async (t) => {
  const { system, operator } = await start(t);
  const customer = await system.customer({ topUp: 100_000 });
  // The event waits in the outbox while the customer is erased.
  await queryRows(
    system.databaseUrl('orders'),
    `create function hold() returns trigger language plpgsql as $$
      begin new.leased_until := now() + interval '1 hour'; return new; end $$;
     create trigger hold before insert on outbox for each row execute function hold()`,
  );
  const id = await order(customer, textsOf(customer), randomUUID());
  const body = { confirm: CONFIRM, password: PASSWORD };
  assert.equal((await customer.call('POST', '/v1/account/erasure', body)).status, 202);
  await untilErased(operator, customer.customerId);
  await queryRows(system.databaseUrl('orders'), 'update outbox set leased_until = null');
  const letter = await eventually('the letter', async () => {
    const { body } = await operator.call('GET', `/v1/operator/letters?orderId=${id}`);
    return body.data[0]?.state === 'failed' && body.data[0];
  });
  assert.deepEqual([letter.to, letter.text], [null, null]);
  assert.equal(letter.reason, 'the customer was erased');
  const metrics = await call(system.urlsOf('notifications')[0] as string, 'GET', '/metrics');
  assert.match(metrics.body, /^orderbell_letters_failed 0$/m);
  await verify(operator);
  await assertReconciled(sourcesOf(system));
  const journey = await operator.call('GET', `/v1/operator/orders/${id}/journey`);
  assert.deepEqual([journey.status, journey.body.complete], [200, true]);
});

test('a customer with more addresses than one call takes is erased whole', async (t) => {
  const { system, operator } = await start(t);
  const customer = await system.customer({ topUp: 100_000 });
  await order(customer, textsOf(customer), randomUUID());
  await untilQuiet(sourcesOf(system));
  const notifications = system.databaseUrl('notifications');
  const domain = `${randomUUID()}.${'a'.repeat(60)}.${'b'.repeat(60)}.example`;
  await queryRows(
    notifications,
    `insert into letters select (jsonb_populate_record(one, jsonb_build_object(
        'id', gen_random_uuid(), 'order_id', gen_random_uuid(), 'offset', 1000 + n,
        'recipient', 'anna' || n || '@' || $1, 'recipient_name', 'Anna ' || n))).*
      from letters as one, generate_series(1, 1010) as n`,
    [domain],
  );
  await queryRows(
    notifications,
    `insert into account_letters (id, kind, email, locale)
      select gen_random_uuid(), 'password-changed', 'anna' || n || '@' || $1, 'en'
      from generate_series(1, 1010) as n`,
    [domain],
  );
  const path = `/v1/operator/customers/${customer.customerId}/erasure`;
  assert.equal((await operator.call('POST', path, { reason: 'asked' })).status, 202);
  await untilErased(operator, customer.customerId);
  assert.deepEqual(await tablesWith(notifications, [domain]), []);
});

test('an order at work is waited for; a replica that writes late is corrected', async (t) => {
  const { system, operator } = await start(t);
  const customer = await system.customer({ topUp: 100_000 });
  const texts = textsOf(customer);
  const id = await order(customer, texts, randomUUID());
  await untilQuiet(sourcesOf(system));
  const orders = system.databaseUrl('orders');
  const pending = `update orders set status = 'Pending', payment_operation_id = null,
    created_at = now() + interval '1 hour' where id = $1 returning version`;
  const [ended] = await queryRows(orders, 'select * from orders where id = $1', [id]);
  await queryRows(orders, pending, [id]);
  const path = `/v1/operator/customers/${customer.customerId}/erasure`;
  await operator.call('POST', path, { reason: 'asked' });
  await eventually('the wait for orders', async () => {
    return (await operator.call('GET', path)).body.waitsFor === 'orders';
  });
  await queryRows(
    orders,
    `update orders set status = 'Paid', payment_operation_id = $2, created_at = $3 where id = $1`,
    [id, ended?.payment_operation_id, ended?.created_at],
  );
  await untilErased(operator, customer.customerId);
  const notifications = system.databaseUrl('notifications');
  // As a worker of any version records that a letter was sent.
  await queryRows(
    notifications,
    `update letters set recipient = $2, recipient_name = $3 where order_id = $1`,
    [id, texts.registered, texts.name],
  );
  await queryRows(notifications, `update erased_customers set swept_at = now() - interval '1 day'`);
  // The next round of the retention comes with a start.
  await (await stop(system, 'notifications'))();
  await eventually('the correction', async () => {
    const rows = await queryRows(notifications, 'select recipient from letters');
    return rows.every(({ recipient }) => recipient === null);
  });
  await assertReconciled(sourcesOf(system));
});
