import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import { orderOf, rub, type TestCustomer } from '#harness/system/system.ts';

/** The customer's letters, once there are as many and all of them have ended. */
function endedLetters(customer: TestCustomer, count: number) {
  return eventually(`${count} letters`, async () => {
    const { body } = await customer.call('GET', '/v1/letters');
    const ended = body.data.filter((letter: { state: string }) => letter.state === 'sent');
    return ended.length === count ? body.data : undefined;
  });
}

test('the course scenario: register, top up, order paid, order refused, both letters', async () => {
  const system = await sharedTestSystem();
  const anna = await system.customer({ name: 'Анна <b>', realHash: true });
  const balance = async () => (await anna.call('GET', '/v1/wallet')).body.balance;

  assert.deepEqual(await balance(), rub(0));
  const topUp = await anna.call('POST', '/v1/wallet/top-ups', { amount: rub(100_000) });
  assert.equal(topUp.status, 201);
  assert.deepEqual(topUp.body.balanceAfter, rub(100_000));

  const paid = await anna.call('POST', '/v1/orders', orderOf(60_000));
  assert.equal(paid.status, 201);
  assert.equal(paid.headers.get('location'), `/v1/orders/${paid.body.id}`);
  assert.equal(paid.body.status, 'Paid');
  assert.equal(paid.body.statusLabel, 'Оплачен');
  assert.deepEqual(await balance(), rub(40_000));
  const [charge] = (await anna.call('GET', '/v1/wallet/operations')).body.data;
  assert.equal(charge.id, paid.body.payment.operationId);
  assert.deepEqual(charge.amount, rub(-60_000));
  assert.equal(charge.orderId, paid.body.id);
  const [happy] = await endedLetters(anna, 1);
  assert.equal(happy.kind, 'happiness');
  assert.match(happy.subject, /^Письмо счастья/);
  assert.equal(happy.to, anna.email);

  const refused = await anna.call('POST', '/v1/orders', orderOf(60_000));
  assert.equal(refused.status, 406);
  assert.equal(refused.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  assert.equal(refused.body.title, 'Недостаточно средств');
  assert.deepEqual(refused.body.balance, rub(40_000));
  assert.deepEqual(refused.body.required, rub(60_000));
  assert.deepEqual(refused.body.shortfall, rub(20_000));
  assert.equal(refused.body.order.status, 'Cancelled');
  assert.equal(refused.body.order.statusLabel, 'Отменен');
  assert.deepEqual(await balance(), rub(40_000));
  const [sad] = await endedLetters(anna, 2);
  assert.equal(sad.kind, 'grief');
  assert.match(sad.subject, /^Письмо горя/);

  // The API shows the letter as the mail server received it.
  // Letters of other tests may have come since.
  const path = '/mailbox/messages?limit=100';
  const { body: list } = await call(system.mailbox.httpUrl, 'GET', path);
  const mail = list.data.find((one: { messageId: string }) => one.messageId === sad.messageId);
  const { body: received } = await call(
    system.mailbox.httpUrl,
    'GET',
    `/mailbox/messages/${mail.id}`,
  );
  assert.equal(mail.subject, sad.subject);
  assert.equal(received.html.trim(), sad.html.trim());
  assert.match(received.html, /Анна &lt;b&gt;/);
});
