import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { OutcomeUnknownError } from '#client/client.ts';
import { eventually } from '#harness/eventually.ts';
import { answeredWith, call } from '#harness/requests.ts';
import { type Orderbell, startOrderbell, type TestCustomer } from './testing.ts';

const CACHE = join(import.meta.dirname, '..', '..', '.orderbell', 'testing');
const WAIT = { deadlineMs: 60_000 };
const MINUTE_MS = 60_000;

const startedAt = performance.now();
// A short deadline, so that an order without billing is answered soon.
const shop = await startOrderbell({ cache: CACHE, settings: { ORDER_DEADLINE_MS: '700' } });
console.log(`started in ${Math.round(performance.now() - startedAt)} ms`);
after(() => shop.close());
// A test that fails leaves its fault.
afterEach(() => shop.faults.healAll());

/** Places an order of 100.00 as a client does. */
function order({ accessToken }: TestCustomer, at: Orderbell = shop, key: string = randomUUID()) {
  const unitPrice = { amount: 10_000, currency: 'RUB' };
  return call(at.url, 'POST', '/v1/orders', {
    headers: { authorization: `Bearer ${accessToken}`, 'idempotency-key': key },
    body: { items: [{ name: 'Book', quantity: 1, unitPrice }] },
  });
}

/** The same until it is Paid: on a busy machine the short deadline may end before. */
function paidOrder(customer: TestCustomer, at: Orderbell = shop) {
  const key = randomUUID();
  return answeredWith(201, () => order(customer, at, key));
}

async function read(path: string, accessToken: string) {
  return call(shop.url, 'GET', path, { headers: { authorization: `Bearer ${accessToken}` } });
}

const balanceOf = async ({ accessToken }: TestCustomer): Promise<number> =>
  (await read('/v1/wallet', accessToken)).body.balance.amount;

/** The outcomes of the attempts at a customer's one letter. */
async function outcomesOf(customer: TestCustomer): Promise<string[]> {
  const token = await shop.signIn(customer);
  const { attempts = [] } = (await read('/v1/letters', token)).body.data[0] ?? {};
  return attempts.map(({ outcome }: { outcome: string }) => outcome);
}

/** How often the gateway has asked billing for a decision again. */
async function paymentRetries(): Promise<number> {
  const { body } = await call(shop.url, 'GET', '/metrics');
  const sample = /^http_client_retries_total\{callee="billing",operation="decidePayment"\} (\d+)/m;
  return Number(sample.exec(body)?.[1] ?? 0);
}

test('a customer orders, and the mailbox has the letter', async () => {
  const customer = await shop.register({ topUp: 50_000, name: 'Ivan', locale: 'ru' });
  const { body } = await paidOrder(customer);
  assert.equal(body.status, 'Paid');
  const letter = await shop.mailbox.waitFor({ orderId: body.id }, WAIT);
  assert.equal(letter.to, customer.email);
  assert.match(letter.text, /Здравствуйте, Ivan!/);
  for (const filter of [{ to: customer.email }, { subject: /счастья/ }, { subject: 'Письмо' }]) {
    assert.deepEqual(await shop.mailbox.waitFor({ orderId: body.id, ...filter }), letter);
  }
  assert.deepEqual(await shop.mailbox.list(), [letter]);
  await shop.mailbox.clear();
  assert.deepEqual(await shop.mailbox.list(), []);
  await assert.rejects(shop.mailbox.waitFor({ to: customer.email }, { deadlineMs: 0 }), {
    message: `no letter {"to":"${customer.email}"} arrived within 0 ms; there are:\n  none`,
  });
});

test('a client calls as a customer, and without a token what is public', async () => {
  const customer = await shop.register({ topUp: 50_000 });
  const client = shop.client(customer.accessToken);
  const unitPrice = { amount: 10_000, currency: 'RUB' };
  const placed = await client.placeOrder({ items: [{ name: 'Tea', quantity: 2, unitPrice }] });
  assert.equal(placed.status, 'Paid');
  assert.equal((await client.waitForLetter(placed.id)).state, 'sent');
  await assert.rejects(shop.client().call('readWallet'), { code: 'unauthenticated' });
  await assert.rejects(shop.register({ email: 'anna' }), { code: 'invalid-request' });
});

test('the operator has a token', async () => {
  assert.equal((await read('/v1/operator/letters', await shop.operator())).status, 200);
});

test('an order whose answer from billing is lost once is Paid at once', async () => {
  const customer = await shop.register({ topUp: 50_000 });
  const before = await paymentRetries();
  await shop.faults.billing.loseAnswers({ times: 1 });
  const key = randomUUID();
  const { body } = await order(customer, shop, key);
  await shop.faults.billing.heal();
  if (body.status !== 'Paid') await shop.clock.advance(MINUTE_MS);
  const again = await eventually('Paid', async () => {
    const answer = await order(customer, shop, key);
    return answer.body.status === 'Paid' && answer;
  });
  assert.equal(again.body.id, body.id);
  assert.ok((await paymentRetries()) > before, 'no answer was lost');
  assert.equal(await balanceOf(customer), 40_000);
});

for (const { fault, apply, end, balance } of [
  {
    fault: 'whose answers from billing are lost',
    apply: () => shop.faults.billing.loseAnswers(),
    end: 'Paid',
    balance: 40_000,
  },
  {
    fault: 'that billing answers too late',
    apply: () => shop.faults.billing.slow(3_000),
    end: /^(Paid|Cancelled)$/,
    balance: null,
  },
  {
    fault: 'that finds no billing',
    apply: () => shop.faults.billing.away(),
    end: 'Cancelled',
    balance: 50_000,
  },
  {
    fault: 'to which billing does not react',
    apply: () => shop.faults.billing.hang(),
    end: /^(Paid|Cancelled)$/,
    balance: null,
  },
]) {
  test(`an order ${fault} is Pending, and recovery ends it once after its age`, async () => {
    const customer = await shop.register({ topUp: 50_000 });
    await apply();
    const key = randomUUID();
    const { body } = await answeredWith(202, () => order(customer, shop, key));
    assert.equal(body.status, 'Pending');
    await shop.faults.billing.heal();
    await shop.clock.advance(MINUTE_MS);
    const ended = await eventually('the end of the order', async () => {
      const found = await read(`/v1/orders/${body.id}`, customer.accessToken);
      return found.body.status !== 'Pending' && found.body;
    });
    assert.match(ended.status, new RegExp(end));
    const expected = balance ?? (ended.status === 'Paid' ? 40_000 : 50_000);
    assert.equal(await balanceOf(customer), expected);
    await shop.mailbox.waitFor({ orderId: body.id }, WAIT);
  });
}

for (const { what, apply, heal } of [
  {
    what: 'the broker',
    apply: () => shop.faults.broker.away(),
    heal: () => shop.faults.broker.heal(),
  },
  {
    what: 'an answering broker',
    apply: () => shop.faults.broker.hang(),
    heal: () => shop.faults.broker.heal(),
  },
  {
    what: 'profiles',
    apply: () => shop.faults.profiles.away(),
    heal: () => shop.faults.profiles.heal(),
  },
  {
    what: 'a mail server',
    apply: () => shop.faults.mail.away(),
    heal: () => shop.faults.healAll(),
  },
]) {
  test(`without ${what} an order is Paid, and its letter arrives when it is back`, async () => {
    const customer = await shop.register({ topUp: 50_000 });
    await apply();
    const { body } = await paidOrder(customer);
    assert.equal(body.status, 'Paid');
    // Time does not help.
    await shop.clock.advance(MINUTE_MS);
    await assert.rejects(
      shop.mailbox.waitFor({ orderId: body.id }, { deadlineMs: 1_000 }),
      /no letter/,
    );
    await heal();
    await shop.clock.advance(MINUTE_MS);
    await shop.mailbox.waitFor({ orderId: body.id }, WAIT);
  });
}

test('a letter that the mail server refuses waits longer each time, and the clock ends the wait', async () => {
  const customer = await shop.register({ topUp: 50_000 });
  await shop.faults.mail.refuse();
  const { body } = await paidOrder(customer);
  assert.equal(body.status, 'Paid');
  await eventually('several attempts', async () => {
    await shop.clock.advance(10 * MINUTE_MS);
    return (await outcomesOf(customer)).length >= 8;
  });
  await shop.faults.mail.heal();
  // The next attempt is minutes away now.
  await assert.rejects(shop.mailbox.waitFor({ orderId: body.id }, { deadlineMs: 0 }), /no letter/);
  await shop.clock.advance(16 * MINUTE_MS);
  await shop.mailbox.waitFor({ orderId: body.id }, WAIT);
});

test('a letter that is refused for ever fails', async () => {
  const customer = await shop.register({ topUp: 50_000 });
  await shop.faults.mail.refuse({ permanent: true });
  await order(customer);
  await eventually('the failed letter', async () => {
    const { body } = await read('/v1/letters', customer.accessToken);
    return body.data[0]?.state === 'failed';
  });
  await shop.faults.mail.heal();
});

test('a letter whose mail server hangs is sent again after the time limit', async () => {
  const customer = await shop.register({ topUp: 50_000 });
  await shop.faults.mail.hang();
  const { body } = await order(customer);
  await eventually('an attempt that ended', async () => {
    await shop.clock.advance(11 * MINUTE_MS);
    return (await outcomesOf(customer)).length > 0;
  });
  assert.deepEqual(await outcomesOf(customer), ['unknown']);
  await shop.faults.mail.heal();
  await shop.clock.advance(16 * MINUTE_MS);
  await shop.mailbox.waitFor({ orderId: body.id }, WAIT);
});

test('a webhook that finds no receiver is sent again when the clock is ahead', async (t) => {
  const seen: IncomingHttpHeaders[] = [];
  const receiver = createServer((request, response) => {
    seen.push(request.headers);
    request.resume();
    response.writeHead(seen.length === 1 ? 503 : 204).end();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  t.after(() => receiver.close());
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const operator = shop.client(await shop.operator());
  const body = { url, description: 'A test', statuses: ['Paid' as const] };
  await shop.faults.webhooks.away();
  await assert.rejects(operator.call('addWebhookEndpoint', { body }), OutcomeUnknownError);
  await shop.faults.webhooks.heal();
  await operator.call('addWebhookEndpoint', { body });
  await paidOrder(await shop.register({ topUp: 50_000 }));
  await eventually('an attempt that failed', async () => {
    const deliveries = await operator.call('readWebhookDeliveries');
    return deliveries.body.data.some(
      ({ state, attemptCount }) => state === 'queued' && attemptCount > 0,
    );
  });
  await shop.clock.advance(MINUTE_MS);
  await eventually('the next attempt', async () => seen.length > 1);
  assert.equal(seen[1]?.['webhook-id'], seen[0]?.['webhook-id']);
});

test('access tokens expire by the clock, and a sign-in gives another', async () => {
  const customer = await shop.register();
  assert.equal((await read('/v1/wallet', customer.accessToken)).status, 200);
  await shop.clock.advance(16 * MINUTE_MS);
  assert.equal((await read('/v1/wallet', customer.accessToken)).status, 401);
  assert.equal((await read('/v1/wallet', await shop.signIn(customer))).status, 200);
});

test('the clock does not go back', async () => {
  for (const ms of [-1, 0.5, Number.NaN]) {
    await assert.rejects(shop.clock.advance(ms), { name: 'RangeError' });
  }
});

test('two systems at once know nothing of each other', async () => {
  await using other = await startOrderbell({ cache: CACHE });
  const email = 'anna@example.com';
  const [here, there] = [
    await shop.register({ email, topUp: 50_000 }),
    await other.register({ email, topUp: 20_000 }),
  ];
  const { body } = await paidOrder(there, other);
  assert.equal(body.status, 'Paid');
  await other.mailbox.waitFor({ orderId: body.id }, WAIT);
  const letters = await shop.mailbox.list();
  assert.deepEqual(
    letters.filter(({ to }) => to === email),
    [],
  );
  assert.equal(await balanceOf(here), 50_000);
});

test('a start says what is wrong with a setting', async () => {
  const settings = { CURRENCY: 'EURO' };
  await assert.rejects(startOrderbell({ cache: CACHE, settings }), /CURRENCY/);
});
