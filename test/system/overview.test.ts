import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Overview } from '#contracts/operator.ts';
import { eventually } from '#harness/eventually.ts';
import { startTestSmtpServer } from '#harness/faults/smtp-server.ts';
import { call } from '#harness/requests.ts';
import { skipWithoutOwnBroker } from '#harness/system/own-kafka.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import {
  orderOf,
  PATIENT,
  startTestSystem,
  stop,
  type TestCustomer,
} from '#harness/system/system.ts';

// The operator's overview: when one part is down, the others are still shown.

const PATH = '/v1/operator/overview';

async function overviewOf(operator: TestCustomer): Promise<Overview> {
  const { status, body } = await operator.call('GET', PATH);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** Overviews are up to a second old, and each replica has its own. */
function overviewWith(
  operator: TestCustomer,
  what: string,
  isThere: (overview: Overview) => boolean,
): Promise<Overview> {
  return eventually(what, async () => {
    const overview = await overviewOf(operator);
    return isThere(overview) && overview;
  });
}

test('the overview of a system at work, and of one where something is down', {
  skip: skipWithoutOwnBroker,
}, async (t) => {
  const reply = '450 4.2.0 later';
  let down = false;
  const server = await startTestSmtpServer(t, {
    choose: () => (down ? { at: 'rcpt', do: 'reply', reply } : undefined),
  });
  const system = await startTestSystem(
    t,
    { ...PATIENT, SMTP_URL: server.url },
    { ownBroker: true },
  );
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 2_000 });
  assertProblem(await call(system.url, 'GET', PATH), 401);
  assertProblem(await anna.call('GET', PATH), 403, 'forbidden');
  assertProblem(await operator.call('GET', `${PATH}?x=1`), 400, 'invalid-request');

  const before = await overviewOf(operator);
  assert.ok(Math.abs(Date.parse(before.at) - Date.now()) < 3_600_000);
  assert.deepEqual(before.orders?.latest, {
    counted: 0,
    max: 100_000,
    pending: 0,
    paid: 0,
    cancelled: 0,
  });
  assert.deepEqual(before.notifications?.letters, {
    max: 100_000,
    queued: 0,
    sending: 0,
    sent: 0,
    failed: 0,
  });

  await t.test('orders and letters are counted', async () => {
    assert.equal((await anna.call('POST', '/v1/orders', orderOf(1_000))).status, 201);
    assert.equal((await anna.call('POST', '/v1/orders', orderOf(9_000))).status, 406);
    const { orders, notifications } = await overviewWith(
      operator,
      'two orders, published and sent',
      (found) =>
        found.orders?.latest.counted === 2 &&
        found.orders.outbox?.unpublished === 0 &&
        found.notifications?.letters.sent === 2 &&
        found.notifications.lag?.every(({ lag }) => lag === 0) === true,
    );
    assert.deepEqual([orders?.latest.paid, orders?.latest.cancelled], [1, 1]);
    assert.equal(orders?.pending.total, 0);
    assert.deepEqual([notifications?.deadLetters, notifications?.oldestWaitingMs], [0, 0]);
    const read = notifications?.lag?.reduce((sum, { position }) => sum + position, 0);
    assert.equal(read, 2);
  });

  await t.test('a letter that waits for the mail server', async () => {
    down = true;
    assert.equal((await anna.call('POST', '/v1/orders', orderOf(1_000))).status, 201);
    const { notifications } = await overviewWith(operator, 'a waiting letter', (found) => {
      const { queued, sent } = found.notifications?.letters ?? {};
      return queued === 1 && sent === 2;
    });
    assert.ok((notifications?.oldestWaitingMs ?? 0) > 0);
    assert.equal(notifications?.letters.failed, 0);
    down = false;
    await overviewWith(operator, 'the letter', (found) => found.notifications?.letters.sent === 3);
  });

  await t.test('without the broker: what is not published, and no lag', async () => {
    const bringBack = await system.broker.takeAway();
    try {
      assert.equal((await anna.call('POST', '/v1/orders', orderOf(9_000))).status, 406);
      await overviewWith(operator, 'the outage', ({ orders, notifications }) => {
        return orders?.outbox?.unpublished === 1 && notifications?.lag === null;
      });
    } finally {
      await bringBack();
    }
    await overviewWith(operator, 'the broker', ({ orders, notifications }) => {
      return orders?.outbox?.unpublished === 0 && notifications?.lag != null;
    });
  });

  for (const name of ['orders', 'notifications'] as const) {
    await t.test(`without ${name} the other part is shown`, async () => {
      const other = name === 'orders' ? 'notifications' : 'orders';
      const bringBack = await stop(system, name);
      try {
        const overview = await overviewOf(operator);
        assert.equal(overview[name], null);
        assert.notEqual(overview[other], null);
      } finally {
        await bringBack();
      }
      await overviewWith(operator, `${name} again`, (found) => found[name] !== null);
    });
  }
});
