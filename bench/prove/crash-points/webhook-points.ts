import assert from 'node:assert/strict';
import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { eventually } from '#harness/eventually.ts';
import {
  openWebhookReceiver,
  type ReceiverStep,
  verifyWebhook,
  type WebhookReceiver,
} from '#harness/system/webhook-receiver.ts';
import { type CrashStep, steps } from './crash-steps.ts';
import {
  assertStatus,
  bothWays,
  type CrashPoint,
  type PointOrder,
  placeOrder,
  type TestBed,
  type When,
} from './test-bed.ts';

const ENDPOINTS = '/v1/operator/webhook-endpoints';

/** Runs with an endpoint of its own, and removes it. */
async function withEndpoint(
  testBed: TestBed,
  run: (endpoint: { receiver: WebhookReceiver; id: string; secret: string }) => Promise<void>,
): Promise<void> {
  const { system, client, gateways } = testBed;
  const gateway = gateways[0] as string;
  await using open = new AsyncDisposableStack();
  const receiver = await openWebhookReceiver(open);
  const operator = await client.signIn(gateway, OPERATOR_EMAIL, system.secrets.operatorPassword);
  const added = await client.send('POST', gateway, operator, ENDPOINTS, {
    url: receiver.url,
    description: 'crash points',
    statuses: ['Paid', 'Cancelled'],
  });
  assertStatus(added, 201);
  const { id, secret } = added?.body ?? {};
  try {
    await run({ receiver, id, secret });
  } finally {
    await testBed.heal();
    await client.send('DELETE', gateway, operator, `${ENDPOINTS}/${id}`);
  }
}

/**
 * Waits until the deliveries of an order have ended; expires leases and waits meanwhile. Events of
 * orders before it may reach the endpoint, too.
 */
function untilDelivered(testBed: TestBed, endpointId: string, orderId: string) {
  return eventually('the webhook', async () => {
    await testBed
      .rows(
        'webhooks',
        `update deliveries set due_at = now() where state in ('queued', 'delivering')
          and due_at < now() + interval '59 seconds'`,
      )
      .catch(() => []);
    const sql = `select * from deliveries
      where endpoint_id = '${endpointId}' and order_id = '${orderId}'`;
    const found = await testBed.rows('webhooks', sql).catch(() => []);
    return found.length > 0 && found.every(({ state }) => state === 'delivered') && found;
  });
}

/** One event, one delivery, and the same signed id each time that it came. */
async function assertDelivered(
  testBed: TestBed,
  { receiver, id, secret }: { receiver: WebhookReceiver; id: string; secret: string },
  { order, copies }: { order: PointOrder; copies: number },
): Promise<void> {
  const orderId = (await testBed.rowOf(order))?.id;
  const deliveries = await untilDelivered(testBed, id, String(orderId));
  assert.equal(deliveries.length, 1);
  for (const webhook of receiver.received) verifyWebhook(webhook, secret);
  const ids = receiver.received.map((webhook) => webhook.id);
  const came = ids.filter((each) => each === deliveries[0]?.event_id).length;
  assert.ok(came >= 1 && came <= copies, `it came ${came} times`);
}

/** The process that takes the step dies, and another one goes on. */
function dies(row: number, step: CrashStep, when: When, { copies = 1 } = {}): CrashPoint {
  return {
    row,
    name: `webhooks dies ${when} "${step.name}"`,
    run: (testBed) =>
      withEndpoint(testBed, async (endpoint) => {
        const triggered = testBed.killAt(step, when);
        const order = await placeOrder(testBed);
        await triggered();
        await testBed.system.broker.passLeases();
        await assertDelivered(testBed, endpoint, { order, copies });
      }),
  };
}

/** The process that takes the step hangs past its lease, and another one does the work. */
const hangs: CrashPoint = {
  row: 43,
  name: 'webhooks hangs past its lease before "record the attempt"',
  run: (testBed) =>
    withEndpoint(testBed, async (endpoint) => {
      const triggered = testBed.trap(steps.recordAttempt, 'before', ({ replica }) => {
        replica.suspend();
        return 'hold';
      });
      const order = await placeOrder(testBed);
      const { replica, proxy } = await triggered();
      await assertDelivered(testBed, endpoint, { order, copies: 3 });
      replica.resume();
      proxy.release();
      await assertDelivered(testBed, endpoint, { order, copies: 3 });
    }),
};

/** The receiver fails once, in its own way. */
function receiverFails(what: string, step: ReceiverStep): CrashPoint {
  return {
    row: 44,
    name: `receiver of webhooks ${what}`,
    run: (testBed) =>
      withEndpoint(testBed, async (endpoint) => {
        endpoint.receiver.answer(() =>
          endpoint.receiver.received.length === 1 ? step : { status: 204 },
        );
        const order = await placeOrder(testBed);
        await assertDelivered(testBed, endpoint, { order, copies: 3 });
        assert.ok(endpoint.receiver.received.length > 1);
      }),
  };
}

/** Rows 39 to 44: from the topic to the receiver of a webhook. */
export const webhookPoints: CrashPoint[] = [
  dies(39, steps.insertEvents, 'before'),
  dies(40, steps.insertEvents, 'after'),
  ...bothWays((when) => dies(41, steps.claimDeliveries, when)),
  dies(42, steps.recordAttempt, 'before', { copies: 2 }),
  dies(42, steps.recordAttempt, 'after', { copies: 2 }),
  hangs,
  receiverFails('answers 500', { status: 500 }),
  receiverFails('ends the connection', 'cut'),
  receiverFails('hangs', 'hang'),
];
