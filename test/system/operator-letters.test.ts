import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { DeadLetter, OperatorLetter } from '#contracts/notifications.ts';
import { ORDER_UPDATE_TYPE } from '#contracts/order-update-message.ts';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { startTestSmtpServer } from '#harness/faults/smtp-server.ts';
import { call } from '#harness/requests.ts';
import { testLayout } from '#harness/system/layout.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import {
  orderOf,
  PATIENT,
  startTestSystem,
  stop,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';

const LETTERS = '/v1/operator/letters';
const DEAD = '/v1/operator/dead-letters';
const MISSING = '00000000-0000-7000-8000-000000000000';

const ROUTES = [
  ['GET', LETTERS],
  ['GET', `${LETTERS}/${MISSING}`],
  ['GET', `${LETTERS}/${MISSING}/preview`],
  ['POST', `${LETTERS}/${MISSING}/resend`],
  ['POST', `${LETTERS}/resend`, { dryRun: true }],
  ['GET', DEAD],
  ['GET', `${DEAD}/${MISSING}`],
  ['POST', `${DEAD}/${MISSING}/redrive`],
  ['POST', `${DEAD}/redrive`],
] satisfies [method: string, path: string, body?: object][];

test('only the operator gets at letters of others and at dead letters', async () => {
  const system = await sharedTestSystem();
  const anna = await system.customer();
  const operator = await system.operator();
  for (const [method, path, body] of ROUTES) {
    assertProblem(await call(system.url, method, path, { body }), 401);
    assertProblem(await anna.call(method, path, body), 403, 'forbidden');
    const answer = await operator.call(method, path, body);
    if (path.includes(MISSING)) assertProblem(answer, 404, 'not-found');
    else assert.equal(answer.status, 200);
  }
  for (const path of [`${LETTERS}?cursor=x`, `${LETTERS}/7`, `${DEAD}?cursor=x`, `${DEAD}?x=1`]) {
    assertProblem(await operator.call('GET', path), 400, 'invalid-request');
  }
});

/** The order's letter as the operator sees it, once it is in this state. */
function letterOf(operator: TestCustomer, orderId: string, state: string): Promise<OperatorLetter> {
  return eventually(`a ${state} letter`, async () => {
    const { body } = await operator.call('GET', `${LETTERS}?orderId=${orderId}&state=${state}`);
    return body.data[0];
  });
}

test('a letter to an address that does not exist fails, and goes by itself once it is corrected', async (t) => {
  const reply = '550 5.1.1 <wrong.anna@example.com>: no such user';
  const server = await startTestSmtpServer(t, { script: [{ at: 'rcpt', do: 'reply', reply }] });
  const system = await startTestSystem(t, { ...PATIENT, SMTP_URL: server.url });
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 1_000 });
  const profile = { email: 'wrong.anna@example.com', name: 'Анна', locale: 'ru' };
  assert.equal((await anna.call('PUT', '/v1/profile', profile)).status, 200);
  const order = await anna.call('POST', '/v1/orders', orderOf(1_000));
  const failed = await letterOf(operator, order.body.id, 'failed');
  assert.equal(failed.reason, '550 5.1.1 <w***@example.com>: no such user');
  assert.equal(failed.customerId, anna.customerId);
  const preview = async () => (await operator.call('GET', `${LETTERS}/${failed.id}/preview`)).body;
  assert.equal((await preview()).to, 'w***@example.com');

  const corrected = { ...profile, email: 'right.anna@example.com', locale: 'en' };
  assert.equal((await anna.call('PUT', '/v1/profile', corrected)).status, 200);
  assert.equal((await preview()).to, 'r***@example.com');
  // Where the profile's change or the letter meets a replica of 0.1.0, nothing goes by itself.
  if (testLayout() === 'versions') await operator.call('POST', `${LETTERS}/${failed.id}/resend`);
  const sent = await letterOf(operator, order.body.id, 'sent');
  assert.deepEqual([sent.to, sent.reason], ['r***@example.com', null]);
  assert.match(sent.subject ?? '', /^Letter of happiness/);
  assert.deepEqual(
    server.messages.map(({ to }) => to),
    [['right.anna@example.com']],
  );
  const refused = await operator.call('POST', `${LETTERS}/${failed.id}/resend`);
  assertProblem(refused, 409, 'letter-sent');
  assert.equal(refused.body.title, 'Письмо отправлено');
});

test('a changed address is stored while notifications is away', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const anna = await system.customer();
  await stop(system, 'notifications');
  const changed = { email: 'new.anna@example.com', name: 'Анна', locale: 'ru' };
  const { status, body } = await anna.call('PUT', '/v1/profile', changed);
  assert.deepEqual([status, body.email], [200, changed.email]);
});

test('a preview needs a profile, and profiles', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  const anna = await system.customer();
  const order = await anna.call('POST', '/v1/orders', orderOf(1_000));
  const { id } = await letterOf(operator, order.body.order.id, 'sent');
  const path = `${LETTERS}/${id}/preview`;
  await queryRows(system.databaseUrl('profiles'), 'delete from profiles where customer_id = $1', [
    anna.customerId,
  ]);
  assertProblem(await operator.call('GET', path), 409, 'no-contact');
  await stop(system, 'profiles');
  assertProblem(await operator.call('GET', path), 503, 'unavailable');
});

/** Puts one message on the topic, as a foreign producer would. */
function append(
  { broker }: TestSystem,
  value: unknown,
  headers: Record<string, string>,
): Promise<void> {
  const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  return broker.publish({ key: 'foreign', value: bytes, headers });
}

test('I6: poison on the topic becomes dead letters, what comes after it letters', async (t) => {
  // One partition: a consumer that stops at a poison message never reads the ones after it.
  const system = await startTestSystem(t, { ...PATIENT, TOPIC_PARTITIONS: '1' });
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 2_000 });
  const before = await anna.call('POST', '/v1/orders', orderOf(1_000));
  await letterOf(operator, before.body.id, 'sent');

  const event = {
    orderId: randomUUID(),
    customerId: anna.customerId,
    version: 2,
    previousStatus: 'Pending',
    status: 'Paid',
    total: { amount: 1, currency: 'RUB' },
    paymentOperationId: randomUUID(),
    reason: null,
    occurredAt: '2026-11-22T18:30:00Z',
  };
  const ours = { ce_id: randomUUID(), ce_type: ORDER_UPDATE_TYPE };
  await append(system, '{"orderId":', ours);
  await append(system, { ...event, customerId: 'an\u0000na' }, ours);
  // Only the database rejects a day that does not exist.
  await append(system, { ...event, occurredAt: '2026-02-30T10:00:00Z' }, ours);
  await append(system, event, { ce_id: randomUUID() });
  await append(system, event, { ...ours, ce_type: 'another.v1' });

  const after = await anna.call('POST', '/v1/orders', orderOf(1_000));
  await letterOf(operator, after.body.id, 'sent');
  const { data } = (await operator.call('GET', DEAD)).body as { data: DeadLetter[] };
  const errors = data.map(({ error }) => error);
  assert.equal(errors.length, 4, errors.join('\n'));
  for (const expected of [
    /^the value is not JSON/,
    /^schema: \/customerId/,
    /out of range/,
    /^header ce_type is missing$/,
  ]) {
    assert.equal(errors.filter((error) => expected.test(error)).length, 1, errors.join('\n'));
  }
  const withNul = data.find(({ error }) => error.includes('/customerId'));
  assert.equal(withNul?.value, JSON.stringify({ ...event, customerId: 'an\u0000na' }));
  const letters = (await operator.call('GET', LETTERS)).body.data as OperatorLetter[];
  assert.deepEqual(
    letters.map(({ orderId }) => orderId),
    [after.body.id, before.body.id],
  );

  for (const { id, error } of data) {
    const { status, body } = await operator.call('POST', `${DEAD}/${id}/redrive`);
    assert.deepEqual([status, body.state, body.error, body.redrives], [200, 'dead', error, 1]);
  }
  const many = await operator.call('POST', `${DEAD}/redrive`);
  assert.deepEqual([many.status, many.body], [200, { redriven: 0, refused: 4, dead: 4 }]);
  assert.equal((await operator.call('GET', LETTERS)).body.data.length, 2);
});
