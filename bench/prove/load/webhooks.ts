import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { untilWebhooksEnded, webhookViolations } from '#harness/oracle/webhooks.ts';
import { openWebhookReceiver } from '#harness/system/webhook-receiver.ts';
import type { SystemUnderTest } from '../system/system.ts';
import type { Client } from './client.ts';

// A process that was killed left its leases behind.
const STANDSTILL_MS = 120_000;
const ENDPOINTS = '/v1/operator/webhook-endpoints';

/**
 * Adds an endpoint for all orders of the load, and its receiver, which always answers.
 * @returns what it must have got, compared once the system is at rest
 */
export async function openWebhookEndpoint(
  system: SystemUnderTest,
  client: Client,
  open: AsyncDisposableStack,
): Promise<() => Promise<string[]>> {
  const receiver = await openWebhookReceiver(open);
  const [gateway] = system.gateways as [string];
  const operator = await client.signIn(gateway, OPERATOR_EMAIL, system.secrets.operatorPassword);
  const added = await client.send('POST', gateway, operator, ENDPOINTS, {
    url: receiver.url,
    description: 'load',
    statuses: ['Paid', 'Cancelled'],
  });
  if (added?.status !== 201) throw new Error(`the endpoint was answered ${added?.status}`);
  return () => findViolations(system, () => new Set(receiver.received.map(({ id }) => id)));
}

/** Waits until all webhooks have ended, and compares them with the orders. */
export async function findViolations(
  system: SystemUnderTest,
  receivedIds?: () => ReadonlySet<string>,
): Promise<string[]> {
  const stuck = await untilWebhooksEnded(system, STANDSTILL_MS).catch((error: Error) => error);
  const violations = await webhookViolations(system, receivedIds?.());
  return stuck === undefined ? violations : [stuck.message, ...violations];
}
