import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import * as billing from '#contracts/billing.ts';
import * as orders from '#contracts/orders.ts';
import { queryRows, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { type History, newHistory, orderAnswer } from '#harness/oracle/history.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { type Answer, call } from '#harness/requests.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import {
  orderOf,
  PATIENT,
  rub,
  startTestSystem,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { createHttpClient } from '#platform/http/client.ts';
import { createCredentials } from '#platform/http/service-token.ts';

// Two whole sets of services on the same databases: gateways, relays, consumers and letter workers
// that know nothing of each other do each thing once.

interface Pair {
  system: TestSystem;
  /** Base URLs of both gateways. */
  gateways: [string, string];
  /** How many processes read the topic. */
  consumers: number;
  history: History;
  post(
    gateway: string,
    customer: TestCustomer,
    path: string,
    body: unknown,
    key: string,
  ): Promise<Answer>;
  place(gateway: string, customer: TestCustomer, key: string, amount: number): Promise<Answer>;
}

async function startPair(t: TestContext): Promise<Pair> {
  const system = await startTestSystem(t, PATIENT);
  const replica = await system.startReplica();
  const history = newHistory();
  const post: Pair['post'] = (gateway, { token }, path, body, key) =>
    call(gateway, 'POST', path, {
      headers: { authorization: `Bearer ${token}`, 'idempotency-key': key },
      body,
    });
  return {
    system,
    history,
    post,
    gateways: [system.url, replica.url],
    consumers: [system.system, replica].reduce(
      (sum, { services }) => sum + (services.get('notifications')?.running.length ?? 0),
      0,
    ),
    async place(gateway, customer, key, amount) {
      const answer = await post(gateway, customer, '/v1/orders', orderOf(amount), key);
      const { customerId } = customer;
      history.orders.push(orderAnswer({ customerId, key, amount }, answer));
      return answer;
    },
  };
}

const balanceOf = async (customer: TestCustomer): Promise<unknown> =>
  (await customer.call('GET', '/v1/wallet')).body.balance;

/** Every letter was sent exactly once, with no copies to excuse. */
function assertMails({ mailboxFile }: TestSystem, count: number): void {
  const mailbox = new DatabaseSync(mailboxFile, { readOnly: true });
  const found = mailbox
    .prepare('select count(*) as all_mails, count(distinct message_id) as letters from messages')
    .get();
  mailbox.close();
  assert.deepEqual({ ...found }, { all_mails: count, letters: count });
}

test('I1, I6: twins on two gateways at one moment are one order, one charge, one letter', async (t) => {
  const { system, gateways, history, place } = await startPair(t);
  const anna = await system.customer({ topUp: 1_050 });
  const keys = Array.from({ length: 20 }, () => randomUUID());
  // Ten of twenty can be paid; the first ones to arrive win.
  const twins = await Promise.all(
    keys.map((key) =>
      Promise.all([...gateways, ...gateways].map((gateway) => place(gateway, anna, key, 105))),
    ),
  );
  for (const [first, ...others] of twins) {
    assert.ok([201, 406].includes(first?.status ?? 0), JSON.stringify(first?.body));
    for (const other of others) {
      assert.equal(other.status, first?.status);
      const seen = ({ body }: Answer) =>
        body.order === undefined ? body : [body.order, body.balance, body.shortfall];
      assert.deepEqual(seen(other), seen(first as Answer));
    }
  }
  assert.equal(twins.filter(([first]) => first?.status === 201).length, 10);
  assert.deepEqual(await balanceOf(anna), rub(0));
  await assertReconciled(system, history);
  assertMails(system, 20);
});

test('a key means the same on every gateway', async (t) => {
  const { system, gateways, history, place, post } = await startPair(t);
  const [one, other] = gateways;
  const anna = await system.customer({ topUp: 1_000 });
  const boris = await system.customer({ topUp: 1_000 });

  const annas = await place(one, anna, 'key', 100);
  assert.equal(annas.status, 201);
  assertProblem(await place(other, anna, 'key', 101), 422, 'idempotency-key-reused');
  const boriss = await place(other, boris, 'key', 101);
  assert.equal(boriss.status, 201);
  assert.notEqual(boriss.body.id, annas.body.id);
  // At the same moment, with different bodies: one of them is the order.
  const contested = await Promise.all([
    place(one, anna, 'contested', 200),
    place(other, anna, 'contested', 201),
  ]);
  assert.deepEqual(contested.map(({ status }) => status).sort(), [201, 422]);

  const topUps = await Promise.all(
    [...gateways, ...gateways].map((gateway) =>
      post(gateway, boris, '/v1/wallet/top-ups', { amount: rub(50) }, 'top-up'),
    ),
  );
  for (const { status, body } of topUps) {
    assert.equal(status, 201);
    assert.deepEqual(body, topUps[0]?.body);
  }
  const { customerId } = boris;
  history.topUps.push({ customerId, key: 'top-up', amount: 50, status: 201 });
  assert.deepEqual(await balanceOf(boris), rub(949));
  await assertReconciled(system, history);
});

test('two relays, consumers and letter workers at once: each letter exactly once', async (t) => {
  const { system, gateways, consumers, history, place } = await startPair(t);
  const customers = await Promise.all([1, 2, 3, 4].map(() => system.customer({ topUp: 1_500 })));
  const answers = await Promise.all(
    Array.from({ length: 120 }, (_, number) =>
      // A busy machine may answer first that the end is not known yet.
      eventually(`the end of order ${number}`, async () => {
        const answer = await place(
          gateways[number % 2] as string,
          customers[number % customers.length] as TestCustomer,
          `key-${number}`,
          100,
        );
        return [202, 503].includes(answer.status) ? undefined : answer.status;
      }),
    ),
  );
  assert.deepEqual(
    [201, 406].map((code) => answers.filter((status) => status === code).length),
    [60, 60],
  );
  await assertReconciled(system, history);
  assertMails(system, 120);
  assert.equal(await system.broker.countMembers(), consumers);
});

/** Calls the services as the gateway does. */
async function asGateway(t: TestContext, { urlsOf, secrets }: TestSystem) {
  const credentials = await createCredentials('gateway', secrets.gatewayKey);
  const client = (callee: string) =>
    createHttpClient({ callee, urls: urlsOf(callee), credentials, log: testLog });
  const clients = { orders: client('orders'), billing: client('billing') };
  t.after(() => Promise.all([clients.orders.close(), clients.billing.close()]));
  return clients;
}

test('I2, I3: gateways that recover the same orders at once bring each to one end', async (t) => {
  const { system } = await startPair(t);
  const anna = await system.customer({ topUp: 10_000 });
  const clients = await asGateway(t, system);
  const { customerId } = anna;
  const create = async () => {
    const items = orderOf(100).items as orders.OrderItem[];
    const body = { customerId, idempotencyKey: randomUUID(), items };
    const answer = await clients.orders.call(
      orders.createOrder,
      { body },
      { deadline: deadlineIn(5_000) },
    );
    assert.ok(!answer.problem);
    return answer.body;
  };
  // Half of them as a gateway leaves them that died after the payment, half before it.
  const pending = await Promise.all(Array.from({ length: 40 }, create));
  const charged = pending.slice(0, 20);
  await Promise.all(
    charged.map(({ id, total }) =>
      clients.billing.call(
        billing.decidePayment,
        { params: { orderId: id }, body: { customerId, amount: total } },
        { deadline: deadlineIn(5_000) },
      ),
    ),
  );
  const quick = { RECOVERY_AGE_MS: '0', RECOVERY_INTERVAL_MS: '50' };
  await Promise.all([system.startExtraGateway(quick), system.startExtraGateway(quick)]);
  await eventually('the end of all orders', async () => {
    // The leases that spare double work are what keeps the two apart: without them both are at
    // the same orders.
    const rows = await queryRows(
      system.databaseUrl('orders'),
      `update orders set recovery_leased_until = null where status = 'Pending' returning id`,
    );
    return rows.length === 0;
  });
  const { body } = await anna.call('GET', '/v1/orders?status=Paid&limit=100');
  assert.deepEqual(
    body.data.map(({ id }: { id: string }) => id).sort(),
    charged.map(({ id }) => id).sort(),
  );
  assert.deepEqual(await balanceOf(anna), rub(8_000));
  await assertReconciled(system);
  assertMails(system, 40);
});
