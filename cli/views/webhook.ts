import type { WebhookDelivery, WebhookEndpoint } from '#contracts/webhooks.ts';
import type { Colour, Screen } from '../terminal/screen.ts';
import { type Cell, type Column, facts, table } from '../terminal/table.ts';
import type { ListView } from './list.ts';
import { numberOf, orderNames } from './order.ts';

/** The endpoints of webhooks. */
export const endpointList: ListView<WebhookEndpoint> = {
  columns: [
    { head: 'state', cell: endpointState },
    { head: 'webhookDescription', cell: (_, { description }) => description, fit: 'cut' },
    { head: 'webhookAddress', cell: (_, { url }) => url, fit: 'cut' },
    { head: 'webhookOrders', cell: (_, { statuses }) => statuses.join(', ') },
    { head: 'webhookEndpoint', cell: (_, { id }) => id, fit: 'below' },
  ],
};

function endpointState({ say }: Screen, endpoint: WebhookEndpoint): Exclude<Cell, string> {
  const { disabledReason, state } = endpoint;
  const text = say(disabledReason === null ? `endpoint-${state}` : `disabled-${disabledReason}`);
  return { text, colour: state === 'enabled' ? 'green' : 'red' };
}

/** An endpoint, with its secret where the answer has one. */
export function endpointText(
  screen: Screen,
  endpoint: WebhookEndpoint & { secret?: string },
): string {
  const { say, moment } = screen;
  const rows: [string, Cell][] = [
    [say('webhookEndpoint'), endpoint.id],
    [say('webhookAddress'), endpoint.url],
    [say('webhookDescription'), endpoint.description],
    [say('webhookOrders'), endpoint.statuses.join(', ')],
    [say('state'), endpointState(screen, endpoint)],
    [say('webhookCreated'), moment(endpoint.createdAt)],
  ];
  const { previousSecretUntil, secret } = endpoint;
  if (previousSecretUntil !== null) rows.push([say('webhookUntil'), moment(previousSecretUntil)]);
  if (secret === undefined) return facts(screen, rows);
  rows.push([say('webhookSecret'), secret]);
  return `${facts(screen, rows)}\n\n${screen.paint('yellow', say('webhookSecretOnce'))}`;
}

const STATES: Record<WebhookDelivery['state'], Colour> = {
  queued: 'yellow',
  delivering: 'yellow',
  delivered: 'green',
  dead: 'red',
};

function deliveryState({ say }: Screen, { state }: WebhookDelivery): Exclude<Cell, string> {
  return { text: say(`delivery-${state}`), colour: STATES[state] };
}

/** The deliveries of webhooks. */
export const deliveryList: ListView<WebhookDelivery> = {
  columns: [
    { head: 'headCreated', cell: ({ moment }, { createdAt }) => moment(createdAt) },
    { head: 'state', cell: deliveryState },
    { head: 'webhookType', cell: (_, { type }) => type },
    {
      head: 'headNumber',
      cell: (_, { orderId }) => (orderId === null ? '' : numberOf(orderId)),
    },
    { head: 'reason', cell: whyNot, fit: 'cut' },
    { head: 'webhookDeliveryId', cell: (_, { id }) => id, fit: 'below' },
    { head: 'orderId', cell: (_, { orderId }) => orderId ?? '', fit: 'wide' },
  ],
};

function whyNot({ say }: Screen, { attempts, reason, state }: WebhookDelivery): string {
  if (state === 'delivered') return '';
  const status = attempts.at(-1)?.status ?? null;
  return status === null ? (reason ?? '') : say('webhookRefused', status);
}

/** A delivery with its attempts. */
export function deliveryText(screen: Screen, delivery: WebhookDelivery): string {
  const { say, moment } = screen;
  const { attempts, deliveredAt, endpointId, eventId, nextAttemptAt, orderId, type } = delivery;
  const rows: [string, Cell][] = [
    [say('webhookType'), type],
    [say('state'), deliveryState(screen, delivery)],
    [say('webhookEndpoint'), endpointId],
    [say('webhookEvent'), eventId],
    [say('webhookQueuedAt'), moment(delivery.createdAt)],
  ];
  if (orderId !== null) rows.push(...orderNames(screen, orderId));
  if (deliveredAt !== null) rows.push([say('webhookDeliveredAt'), moment(deliveredAt)]);
  if (nextAttemptAt !== null) rows.push([say('webhookNextAt'), moment(nextAttemptAt)]);
  const parts = [facts(screen, rows)];
  if (attempts.length > 0) parts.push(table(screen, attemptColumns, attempts));
  return parts.join('\n\n');
}

type Attempt = WebhookDelivery['attempts'][number];

const attemptColumns: Column<Attempt>[] = [
  { head: 'headAttempt', cell: (_, { number }) => String(number), right: true },
  { head: 'headStarted', cell: ({ moment }, { startedAt }) => moment(startedAt) },
  { head: 'headTook', cell: ({ duration }, { durationMs }) => duration(durationMs), right: true },
  {
    head: 'headAnswer',
    cell: ({ say }, { error, status }) => ({
      text: status === null ? say('webhookNoAnswer') : String(status),
      colour: error === null ? 'green' : 'red',
    }),
  },
  {
    head: 'headError',
    cell: (_, { error, status }) => (status === null ? (error ?? '') : ''),
    fit: 'below',
  },
];

/** What became of a webhook that was just sent. */
export function outcomeText(screen: Screen, delivery: WebhookDelivery): string {
  const { say, moment, paint } = screen;
  const attempt = delivery.attempts.at(-1);
  const status = attempt?.status ?? null;
  if (delivery.state === 'delivered') return paint('green', say('webhookAnswered', status ?? ''));
  const what =
    status === null
      ? say('webhookFailed', attempt?.error ?? delivery.reason ?? '')
      : say('webhookRefused', status);
  const { nextAttemptAt } = delivery;
  const next = nextAttemptAt === null ? [] : [say('webhookNext', moment(nextAttemptAt))];
  return [paint('red', what), ...next].join('\n');
}
