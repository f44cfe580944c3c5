import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Letter } from '#contracts/notifications.ts';
import type { PendingOrder } from '#contracts/order-operations.ts';
import { startServiceProcess } from '#dev/system/service-process.ts';
import type { StartService } from '#dev/system/system.ts';
import { eventually } from '#harness/eventually.ts';
import { startTestSmtpServer } from '#harness/faults/smtp-server.ts';
import { optionsOf, testLayout } from '#harness/system/layout.ts';
import {
  orderOf,
  startTestSystem,
  stop,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';
import { timeOfUuid } from '#platform/values/uuid.ts';

// Machines whose clocks are wrong by an hour. The database's clock decides ages, so everything
// still happens in time.

const HOUR_MS = 3_600_000;
// The gateway has no database: it accepts tokens, which live 15 minutes, by its own clock.
const GATEWAY_AHEAD_MS = 10 * 60_000;
// Much more than a slow machine takes, much less than an hour.
const NEAR_MS = HOUR_MS / 2;
// Long, for a busy machine: these tests do not measure speed.
const TIMEOUT_MS = 60_000;

type Shifts = Record<string, number>;

/** Runs these services as processes whose clocks are wrong; the others as the layout says. */
function withWrongClocks(shifts: Shifts): StartService {
  return (name, env, log) => {
    const ms = shifts[name];
    if (ms === undefined) return optionsOf(testLayout()).startService?.(name, env, log) ?? null;
    const shift = new URL(`../../harness/faults/shifted-clock.ts?ms=${ms}`, import.meta.url).href;
    return startServiceProcess(name, { ...env, LOG_LEVEL: 'info' }, { imports: [shift] });
  };
}

const assertNear = (moment: string, what: string) => {
  const ms = Math.abs(Date.parse(moment) - Date.now());
  assert.ok(ms < NEAR_MS, `${what} is ${ms} ms away`);
};

for (const shifts of [
  { orders: HOUR_MS, notifications: -HOUR_MS, identity: -HOUR_MS },
  { orders: -HOUR_MS, notifications: HOUR_MS, gateway: GATEWAY_AHEAD_MS },
  { gateway: -HOUR_MS, identity: HOUR_MS },
] as Shifts[]) {
  const name = Object.entries(shifts).map(
    ([service, ms]) => `${service} ${Math.round(ms / 60_000)} min`,
  );
  test(`${name.join(', ')}: orders are recovered and listed, letters sent in time`, (t) =>
    follow(t, shifts));
}

async function follow(t: TestContext, shifts: Shifts) {
  const later = { at: 'rcpt', do: 'reply', reply: '450 4.2.0 later' } as const;
  const server = await startTestSmtpServer(t, { script: [later] });
  const system = await startTestSystem(
    t,
    {
      SMTP_URL: server.url,
      ORDER_DEADLINE_MS: '1000',
      RECOVERY_AGE_MS: '2000',
      RECOVERY_INTERVAL_MS: '200',
    },
    { startService: withWrongClocks(shifts) },
  );
  const anna = await patiently('a customer', () =>
    system.customer({ topUp: 1_000 }).catch(() => undefined),
  );
  const paid = await placed(anna, 201);
  assertNear(paid.createdAt, 'the order');
  assertNear((timeOfUuid(paid.id) as Date).toISOString(), 'its id');

  const journey = await patiently('the letter', async () => {
    const { body } = await anna.call('GET', `/v1/orders/${paid.id}/journey`);
    return body.letter?.state === 'sent' && body;
  });
  for (const { at, kind } of journey.steps) if (at !== null) assertNear(at, kind);
  assertNear(journey.letter.createdAt, 'the letter');
  await patiently('the letter that was put off, at its second try', async () => {
    const { body } = await anna.call('GET', '/v1/letters');
    const late = body.data.find(({ attempts }: Letter) => attempts[0]?.outcome === 'transient');
    return late?.state === 'sent';
  });
  await recover(system, anna);
}

const patiently = <T>(what: string, look: () => Promise<T | undefined | false>) =>
  eventually(what, look, TIMEOUT_MS);

/** Places orders until one gets this status. */
const placed = (anna: TestCustomer, status: number) =>
  patiently(`an order that is ${status}`, async () => {
    const answer = await anna.call('POST', '/v1/orders', orderOf(1));
    return answer.status === status && answer.body;
  });

/** An order without a decision is listed, and ends once billing is back. */
async function recover(system: TestSystem, anna: TestCustomer) {
  const operator = await patiently('the operator', () => system.operator().catch(() => undefined));
  const start = await stop(system, 'billing');
  const { id } = await placed(anna, 202);
  const pending = await patiently('the order, past its age', async () => {
    const { body } = await operator.call('GET', '/v1/operator/pending-orders?minAgeMs=2000');
    const order = body.data?.find((each: PendingOrder) => each.id === id);
    return order?.recovery.attempts > 0 && order;
  });
  assert.ok(pending.ageMs < NEAR_MS, `age ${pending.ageMs}`);
  const overview = (await operator.call('GET', '/v1/operator/overview')).body;
  if (overview.orders !== null) assert.ok(overview.orders.pending.oldestMs < NEAR_MS);
  await start();
  await patiently('its end', async () => {
    const { body } = await anna.call('GET', `/v1/orders/${id}`);
    return body.status === 'Cancelled';
  });
}
