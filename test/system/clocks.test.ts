import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startServiceProcess } from '#dev/service-process.ts';
import type { StartService } from '#dev/system.ts';
import { timeOfUuid } from '#platform/uuid.ts';
import { optionsOf, testLayout } from '../layout.ts';
import { stop } from '../outage.ts';
import { startTestSmtpServer } from '../smtp-server.ts';
import { eventually, orderOf, startTestSystem, type TestSystem } from '../system.ts';

// One machine's clock is wrong by an hour. Ages are counted by the clock of the database, so that
// everything happens when it is due.

const HOUR_MS = 3_600_000;
// Much more than a slow machine takes, much less than an hour.
const NEAR_MS = HOUR_MS / 2;

/** Runs one service as a process whose clock is wrong; the others as the layout says. */
function withWrongClock(service: string, ms: number): StartService {
  const shift = new URL(`../shifted-clock.ts?ms=${ms}`, import.meta.url).href;
  return (name, env, log) =>
    name === service
      ? startServiceProcess(name, { ...env, LOG_LEVEL: 'info' }, { imports: [shift] })
      : (optionsOf(testLayout()).startService?.(name, env, log) ?? null);
}

const assertNear = (moment: string, what: string) => {
  const ms = Math.abs(Date.parse(moment) - Date.now());
  assert.ok(ms < NEAR_MS, `${what} is ${ms} ms away`);
};

for (const service of ['orders', 'notifications', 'gateway', 'identity']) {
  for (const [name, ms] of [
    ['ahead', HOUR_MS],
    ['behind', -HOUR_MS],
  ] as const) {
    test(`${service} an hour ${name}: orders recovered and listed, letters sent in time`, (t) =>
      follow(t, service, ms));
  }
}

async function follow(t: TestContext, service: string, ms: number) {
  const later = { at: 'rcpt', do: 'reply', reply: '450 4.2.0 later' } as const;
  const server = await startTestSmtpServer(t, { script: [later] });
  const system = await startTestSystem(
    t,
    {
      SMTP_URL: server.url,
      ORDER_DEADLINE_MS: '500',
      RECOVERY_AGE_MS: '1000',
      RECOVERY_INTERVAL_MS: '200',
      // The gateway has no database: it accepts tokens by its own clock.
      TOKEN_LIFETIME_S: String((3 * HOUR_MS) / 1_000),
    },
    { startService: withWrongClock(service, ms) },
  );
  const anna = await system.customer({ topUp: 1_000 });
  const paid = await anna.call('POST', '/v1/orders', orderOf(100));
  assert.equal(paid.status, 201, JSON.stringify(paid.body));
  assertNear(paid.body.createdAt, 'the order');
  assertNear((timeOfUuid(paid.body.id) as Date).toISOString(), 'its id');

  const journey = await eventually('the letter, at its second try', async () => {
    const { body } = await anna.call('GET', `/v1/orders/${paid.body.id}/journey`);
    return body.letter?.state === 'sent' && body;
  });
  assert.deepEqual(
    journey.letter.attempts.map(({ outcome }: { outcome: string }) => outcome),
    ['transient', 'sent'],
  );
  for (const { at, kind } of journey.steps) if (at !== null) assertNear(at, kind);
  assertNear(journey.letter.createdAt, 'the letter');
  await recover(system, anna);
}

/** An order that nobody decides: it is listed, and ends once billing is back. */
async function recover(system: TestSystem, anna: Awaited<ReturnType<TestSystem['customer']>>) {
  const operator = await system.operator();
  const start = await stop(system, 'billing');
  const { status, body } = await anna.call('POST', '/v1/orders', orderOf(100));
  assert.equal(status, 202);
  const pending = await eventually('the pending order, past its age', async () => {
    const list = await operator.call('GET', '/v1/operator/pending-orders?minAgeMs=1000');
    const [order] = list.body.data;
    return order?.recovery.attempts > 0 && order;
  });
  assert.equal(pending.id, body.id);
  assert.ok(pending.ageMs < NEAR_MS, `age ${pending.ageMs}`);
  const overview = (await operator.call('GET', '/v1/operator/overview')).body;
  assert.ok(overview.orders.pending.oldestMs < NEAR_MS);
  await start();
  await eventually('its end', async () => {
    const order = await anna.call('GET', `/v1/orders/${body.id}`);
    return order.body.status === 'Cancelled';
  });
  assert.equal((await anna.call('GET', '/v1/orders')).body.data[0].id, body.id);
}
