import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort } from '#dev/files/free-port.ts';
import { startMailbox } from '#dev/mailbox/mailbox.ts';
import { createSecrets } from '#dev/system/secrets.ts';
import { queryRows, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { startTestIssuer } from '#harness/issuer.ts';
import { type Answer, answeredWith, call } from '#harness/requests.ts';
import { skipWithoutOwnBroker } from '#harness/system/own-kafka.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import { orderOf, rub, startTestSystem, stop, type TestCustomer } from '#harness/system/system.ts';

// Invariant I7: an order's answer needs orders and billing and nothing else. What is missing only
// delays the letters. Without orders or billing it is 503 or 202, never an error of ours.

/** A mail server that can be stopped and started at the same address. */
async function startMailServer(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-outage-'));
  const open = (smtpPort: number) =>
    startMailbox({ file: join(folder, 'mail.sqlite'), smtpPort, httpPort: 0, log: testLog });
  let running: Awaited<ReturnType<typeof open>> | undefined = await open(await freePort());
  const url = running.smtpUrl;
  const stop = async () => {
    await running?.close();
    running = undefined;
  };
  t.after(async () => {
    await stop();
    await rm(folder, { recursive: true });
  });
  return {
    url,
    async stop() {
      await stop();
      return async () => {
        running = await open(Number(new URL(url).port));
      };
    },
  };
}

/** One order that is paid and one that is declined, answered as on any day. */
async function assertOrdersAsBefore(customer: TestCustomer): Promise<string[]> {
  const paid = await customer.call('POST', '/v1/orders', orderOf(100));
  assert.equal(paid.status, 201, JSON.stringify(paid.body));
  assert.equal(paid.body.status, 'Paid');
  const declined = await customer.call('POST', '/v1/orders', orderOf(1_000_000));
  assertProblem(declined, 406, 'insufficient-funds');
  assert.equal(declined.body.order.status, 'Cancelled');
  return [paid.body.id, declined.body.order.id].sort();
}

interface LetterView {
  orderId: string;
  state: string;
  attempts: unknown[];
}

const lettersOf = async (customer: TestCustomer): Promise<LetterView[]> =>
  (await customer.call('GET', '/v1/letters')).body.data;

async function assertLettersArrive(customer: TestCustomer, orderIds: string[]): Promise<void> {
  await eventually('a letter for each order', async () => {
    const sent = (await lettersOf(customer)).filter(({ state }) => state === 'sent');
    return sent.length >= orderIds.length;
  });
  const letters = await lettersOf(customer);
  assert.deepEqual(letters.map(({ orderId }) => orderId).sort(), orderIds);
}

test('orders are answered as before without the services that only letters need', {
  skip: skipWithoutOwnBroker,
}, async (t) => {
  const mailServer = await startMailServer(t);
  const system = await startTestSystem(t, { SMTP_URL: mailServer.url }, { ownBroker: true });

  for (const [name, takeAway, seen] of [
    ['profiles', () => stop(system, 'profiles'), (letters) => letters.length === 2],
    [
      'the mail server',
      () => mailServer.stop(),
      (letters) => letters.filter(({ attempts }) => attempts.length > 0).length === 2,
    ],
    ['the broker', () => system.broker.takeAway(), () => true],
  ] as [string, () => Promise<() => Promise<void>>, (letters: LetterView[]) => boolean][]) {
    await t.test(`without ${name}; the letters arrive when it is back`, async () => {
      const customer = await system.customer({ topUp: 1_000 });
      const bringBack = await takeAway();
      let orders: string[];
      try {
        orders = await assertOrdersAsBefore(customer);
        assert.deepEqual((await customer.call('GET', '/v1/wallet')).body.balance, rub(900));
        await eventually('the outage', async () => seen(await lettersOf(customer)));
        const sent = (await lettersOf(customer)).filter(({ state }) => state === 'sent');
        assert.deepEqual(sent, []);
      } finally {
        await bringBack();
      }
      await assertLettersArrive(customer, orders);
    });
  }
});

test('without orders or billing an order is not lost and not answered wrongly', async (t) => {
  const system = await startTestSystem(t, { ORDER_DEADLINE_MS: '700', RECOVERY_AGE_MS: '600000' });
  const place = (customer: TestCustomer, key?: string): Promise<Answer> =>
    customer.call(
      'POST',
      '/v1/orders',
      orderOf(100),
      key === undefined ? {} : { 'idempotency-key': key },
    );

  await t.test('503 without orders; the same key then makes one order', async () => {
    const customer = await system.customer({ topUp: 1_000 });
    const bringBack = await stop(system, 'orders');
    let made: string;
    try {
      const own = await place(customer, 'own-key');
      assertProblem(own, 503, 'unavailable');
      assert.equal(own.headers.get('idempotency-key'), 'own-key');
      assert.equal(own.headers.get('location'), null);
      const answer = await place(customer);
      assertProblem(answer, 503, 'unavailable');
      made = answer.headers.get('idempotency-key') as string;
      assert.match(made, /^[\x21-\x7e]{1,255}$/);
      assert.deepEqual((await customer.call('GET', '/v1/wallet')).body.balance, rub(1_000));
    } finally {
      await bringBack();
    }
    for (const key of ['own-key', made, 'own-key', made]) {
      await answeredWith(201, () => place(customer, key));
    }
    const { body } = await customer.call('GET', '/v1/orders');
    assert.equal(body.data.length, 2);
    assert.deepEqual((await customer.call('GET', '/v1/wallet')).body.balance, rub(800));
  });

  await t.test('202 without billing; the same key then pays the same order', async () => {
    const customer = await system.customer({ topUp: 1_000 });
    const bringBack = await stop(system, 'billing');
    let pending: Answer;
    try {
      pending = await answeredWith(202, () => place(customer, 'key'));
      assert.equal(pending.headers.get('location'), `/v1/orders/${pending.body.id}`);
      assert.match(pending.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      assert.equal(pending.headers.get('idempotency-key'), 'key');
      assert.deepEqual(
        [pending.body.status, pending.body.statusLabel, pending.body.payment],
        ['Pending', 'Ожидает оплаты', null],
      );
      const again = await answeredWith(202, () => place(customer, 'key'));
      assert.deepEqual(again.body, pending.body);
      const read = await customer.call('GET', `/v1/orders/${pending.body.id}`);
      assert.deepEqual(read.body, pending.body);
      const list = await customer.call('GET', '/v1/orders?status=Pending');
      assert.deepEqual(list.body.data, [pending.body]);
    } finally {
      await bringBack();
    }
    const paid = await answeredWith(201, () => place(customer, 'key'));
    assert.deepEqual([paid.body.id, paid.body.status], [pending.body.id, 'Paid']);
    await assertLettersArrive(customer, [paid.body.id]);
  });

  await t.test('503 for a top-up without billing; the returned key then tops up once', async () => {
    const customer = await system.customer();
    const topUp = (headers = {}) =>
      customer.call('POST', '/v1/wallet/top-ups', { amount: rub(70) }, headers);
    const bringBack = await stop(system, 'billing');
    let answer: Answer;
    try {
      answer = await topUp();
      assertProblem(answer, 503, 'unavailable');
    } finally {
      await bringBack();
    }
    const returned = answer.headers.get('idempotency-key');
    assert.ok(returned !== null);
    const key = { 'idempotency-key': returned };
    const first = await topUp(key);
    assert.equal(first.status, 201);
    assert.deepEqual((await topUp(key)).body, first.body);
    assert.deepEqual((await customer.call('GET', '/v1/wallet')).body.balance, rub(70));
  });

  await t.test('503 for reads, with Retry-After', async () => {
    const customer = await system.customer();
    const bringBack = [await stop(system, 'orders'), await stop(system, 'billing')];
    try {
      const paths = ['/v1/orders', '/v1/wallet', '/v1/wallet/operations'];
      const answers = await Promise.all(paths.map((path) => customer.call('GET', path)));
      for (const answer of answers) assertProblem(answer, 503, 'unavailable');
      assertProblem(await place(customer), 503, 'unavailable');
    } finally {
      for (const start of bringBack) await start();
    }
    assert.equal((await customer.call('GET', '/v1/orders')).status, 200);
  });

  await t.test('an order during a restart is one order', async () => {
    const customer = await system.customer({ topUp: 1_000 });
    // With a deadline long enough for a restart, also of a process.
    const patient = await system.startExtraGateway({ ORDER_DEADLINE_MS: '5000' });
    const bringBack = await stop(system, 'orders');
    const headers = { authorization: `Bearer ${customer.token}`, 'idempotency-key': 'key' };
    const placed = call(patient.url, 'POST', '/v1/orders', { headers, body: orderOf(100) });
    await bringBack();
    // On a slow machine the deadline may pass first, before or after the order was created; the key
    // makes the difference invisible.
    assert.ok([201, 202, 503].includes((await placed).status));
    await answeredWith(201, () => place(customer, 'key'));
    assert.deepEqual((await customer.call('GET', '/v1/wallet')).body.balance, rub(900));
  });
});

test('services that refuse the gateway make a 503, never an error of ours', async (t) => {
  const issuer = await startTestIssuer(t);
  const { url, databaseUrl } = await startTestSystem(t, {
    OIDC_ISSUER: issuer.url,
    // The services know the public half of another one.
    GATEWAY_PRIVATE_KEY: createSecrets().gatewayKey,
  });
  const headers = { authorization: `Bearer ${await issuer.sign()}`, 'idempotency-key': 'mine' };
  const order = await call(url, 'POST', '/v1/orders', { headers, body: orderOf(100) });
  assertProblem(order, 503, 'unavailable');
  assert.equal(order.headers.get('idempotency-key'), 'mine');
  assertProblem(await call(url, 'GET', '/v1/wallet', { headers }), 503, 'unavailable');
  assert.deepEqual(await queryRows(databaseUrl('orders'), 'select id from orders'), []);
});
