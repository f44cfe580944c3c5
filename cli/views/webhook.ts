import type { WebhookDelivery, WebhookEndpoint } from '#contracts/webhooks.ts';
import { type Cell, type Colour, facts, type Screen, table } from '../terminal/screen.ts';

/** One line of the list of endpoints. */
export function endpointRow(screen: Screen, endpoint: WebhookEndpoint): Cell[] {
  const { description, id, statuses, url } = endpoint;
  return [endpointState(screen, endpoint), description, url, statuses.join(', '), id];
}

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

/** One line of the list of deliveries. */
export function deliveryRow(screen: Screen, delivery: WebhookDelivery): Cell[] {
  const { attempts, createdAt, id, orderId, reason, state, type } = delivery;
  const status = attempts.at(-1)?.status ?? null;
  const why = status === null ? (reason ?? '') : screen.say('webhookRefused', status);
  return [
    screen.moment(createdAt),
    deliveryState(screen, delivery),
    type,
    orderId ?? '',
    id,
    state === 'delivered' ? '' : why,
  ];
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
  if (orderId !== null) rows.push([say('orderId'), orderId]);
  if (deliveredAt !== null) rows.push([say('webhookDeliveredAt'), moment(deliveredAt)]);
  if (nextAttemptAt !== null) rows.push([say('webhookNextAt'), moment(nextAttemptAt)]);
  const lines = attempts.map(({ number, startedAt, durationMs, status, error }): Cell[] => [
    say('attempt', number),
    { text: moment(startedAt), right: true },
    { text: screen.duration(durationMs), right: true },
    {
      text: status === null ? say('webhookNoAnswer') : String(status),
      colour: error === null ? 'green' : 'red',
    },
    status === null ? (error ?? '') : '',
  ]);
  const parts = [facts(screen, rows)];
  if (lines.length > 0) parts.push(table(screen, lines));
  return parts.join('\n\n');
}

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
