import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import type { OverviewHistory } from '#contracts/operator.ts';
import { eventually } from '#harness/eventually.ts';
import { startTestSmtpServer } from '#harness/faults/smtp-server.ts';
import { call } from '#harness/requests.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import {
  orderOf,
  PATIENT,
  startTestSystem,
  stop,
  type TestCustomer,
} from '#harness/system/system.ts';

// What an operator decides about letters and dead letters, and what became of it in the journey.

const LETTERS = '/v1/operator/letters';
const DEAD = '/v1/operator/dead-letters';
const HISTORY = '/v1/operator/overview/history';
const REFUSAL = '550 5.1.1 no such user';

const ROUTES = [
  ['POST', `${LETTERS}/acknowledge`, { letterIds: [randomUUIDv7()], reason: 'x' }],
  ['POST', `${LETTERS}/resend`, { letterIds: [randomUUIDv7()] }],
  ['POST', `${DEAD}/discard`, { deadLetterIds: [randomUUIDv7()], reason: 'x' }],
  ['GET', HISTORY],
] satisfies [method: string, path: string, body?: object][];

test('only operators decide about letters; unknown ids are counted, wrong ones refused', async () => {
  const system = await sharedTestSystem();
  const [anna, operator] = [await system.customer(), await system.operator()];
  for (const [method, path, body] of ROUTES) {
    assertProblem(await call(system.url, method, path, { body }), 401);
    assertProblem(await anna.call(method, path, body), 403, 'forbidden');
    const answer = await operator.call(method, path, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    if (path.endsWith('acknowledge')) assert.equal(answer.body.refused, 1);
    if (path.endsWith('resend')) assert.equal(answer.body.matched, 0);
    if (path.endsWith('discard')) assert.equal(answer.body.refused, 1);
  }
  for (const [path, body] of [
    [`${LETTERS}/acknowledge`, { letterIds: ['7'], reason: 'x' }],
    [`${LETTERS}/acknowledge`, { letterIds: [randomUUIDv7()], reason: '' }],
    [`${LETTERS}/resend`, { letterIds: [] }],
    [`${DEAD}/discard`, { deadLetterIds: [randomUUIDv7()] }],
  ] as const) {
    assertProblem(await operator.call('POST', path, body), 400, 'invalid-request');
  }
  assertProblem(await operator.call('GET', `${HISTORY}?x=1`), 400, 'invalid-request');
});

/** The order's journey, as soon as it has this ending. */
function journeyOf(operator: TestCustomer, orderId: string, ending: string) {
  return eventually(`the ending ${ending}`, async () => {
    const { status, body } = await operator.call('GET', `/v1/operator/orders/${orderId}/journey`);
    assert.equal(status, 200, JSON.stringify(body));
    return body.ending === ending && body;
  });
}

test('a failed letter, acknowledged, then resent: the journey says each time how it ended', async (t) => {
  const script = [{ at: 'rcpt', do: 'reply', reply: REFUSAL } as const];
  const server = await startTestSmtpServer(t, { script });
  const system = await startTestSystem(t, { ...PATIENT, SMTP_URL: server.url });
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 1_000 });
  const { body: order } = await anna.call('POST', '/v1/orders', orderOf(1_000));
  const failed = await journeyOf(operator, order.id, 'failed');
  assert.deepEqual([failed.complete, failed.next, failed.resends], [true, null, []]);
  assert.ok(Number.isInteger(failed.waitedMs));
  const letterIds = [failed.letter.id];
  const acknowledged = await operator.call('POST', `${LETTERS}/acknowledge`, {
    letterIds,
    reason: 'told by phone',
  });
  assert.deepEqual(acknowledged.body, { acknowledged: 1, refused: 0 });
  const discarded = await journeyOf(operator, order.id, 'discarded');
  assert.equal(discarded.letter.state, 'failed');
  const open = await operator.call('GET', `${LETTERS}?acknowledged=false`);
  assert.deepEqual(open.body.data, []);

  const resent = await operator.call('POST', `${LETTERS}/resend`, { letterIds });
  assert.equal(resent.body.resent, 1);
  const delivered = await journeyOf(operator, order.id, 'delivered');
  assert.deepEqual(
    delivered.resends.map(({ by }: { by: string }) => by),
    ['operator'],
  );
  const times = delivered.steps.flatMap(({ at }: { at: string | null }) => at ?? []);
  assert.deepEqual(times, times.toSorted());
  const own = (await anna.call('GET', `/v1/orders/${order.id}/journey`)).body;
  assert.equal(own.ending, 'delivered');
  assert.equal(own.resends[0].actor, undefined);
});

test('a discarded dead letter ends nothing else, and is redriven where it is named', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  const bytes = Buffer.from('poison of anna@example.com');
  await system.broker.publish({ key: 'foreign', value: bytes, headers: {} });
  const [dead] = await eventually('the dead letter', async () => {
    const { data } = (await operator.call('GET', `${DEAD}?state=dead`)).body;
    return data.length > 0 && data;
  });
  // Whatever a message holds, an operator reads no address whole.
  assert.equal(dead.value, 'poison of a***@example.com');
  const alone = await operator.call('GET', `${DEAD}/${dead.id}`);
  assert.equal(alone.body.value, dead.value);
  const body = { deadLetterIds: [dead.id], reason: 'a test message' };
  const { body: first } = await operator.call('POST', `${DEAD}/discard`, body);
  assert.deepEqual(first, { discarded: 1, refused: 0 });
  const { body: second } = await operator.call('POST', `${DEAD}/discard`, body);
  assert.deepEqual(second, { discarded: 0, refused: 1 });
  const { body: seen } = await operator.call('GET', `${DEAD}?state=discarded`);
  assert.deepEqual(
    seen.data.map(({ id, discarded }: typeof dead) => [id, discarded.reason]),
    [[dead.id, 'a test message']],
  );
  const { body: many } = await operator.call('POST', `${DEAD}/redrive`);
  assert.deepEqual(many, { redriven: 0, refused: 0, dead: 0 });
  const { body: one } = await operator.call('POST', `${DEAD}/${dead.id}/redrive`);
  assert.deepEqual([one.state, one.redrives, one.value], ['discarded', 1, dead.value]);
});

test('the history has the figures of both services, and null for one that is away', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  const read = async (): Promise<OverviewHistory> => {
    const { status, body } = await operator.call('GET', HISTORY);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const whole = await eventually('samples of both', async () => {
    const history = await read();
    return history.orders?.[0] && history.notifications?.[0] && history;
  });
  assert.equal(whole.stepMs, 10_000);
  for (const part of [whole.orders, whole.notifications]) {
    const times = part?.map(({ at }) => at) ?? [];
    assert.deepEqual(times, [...new Set(times)].sort());
  }
  await stop(system, 'notifications');
  const without = await read();
  assert.equal(without.notifications, null);
  assert.ok((without.orders?.length ?? 0) > 0);
});
