import { type Static, Type } from 'typebox';
import {
  choice,
  lineOfText,
  listQuery,
  NoQuery,
  nullable,
  pageOf,
  strictObject,
  Timestamp,
  Uuid,
  visibleLine,
} from './common.ts';
import { internal, problem } from './operation.ts';
import { OrderUpdateMessage } from './order-update-message.ts';
import { visibleAscii } from './patterns.ts';

export const WEBHOOK_URL_MAX = 2_000;
/** Each event becomes a delivery for each of them, in one statement. */
export const WEBHOOK_ENDPOINTS_MAX = 50;

export const WebhookStatus = choice('Paid', 'Cancelled');
export type WebhookStatus = Static<typeof WebhookStatus>;
export const WebhookType = choice('order.paid', 'order.cancelled', 'webhook.test');
export type WebhookType = Static<typeof WebhookType>;
export const WebhookEndpointState = choice('enabled', 'disabled');
export const WebhookDeliveryState = choice('queued', 'delivering', 'delivered', 'dead');
export type WebhookDeliveryState = Static<typeof WebhookDeliveryState>;

/** The body of a webhook: what a receiver gets (Standard Webhooks). */
export const WebhookPayload = Type.Object({
  type: WebhookType,
  timestamp: Type.String({
    description: 'When the order ended; of a test, when it was asked for.',
  }),
  data: OrderUpdateMessage,
});
export type WebhookPayload = Static<typeof WebhookPayload>;

/** What an operator enters. */
export const WebhookEndpointData = strictObject({
  url: Type.String({
    pattern: visibleAscii(WEBHOOK_URL_MAX),
    description: 'An https address that is public; without user name and fragment.',
  }),
  description: visibleLine(100),
  statuses: Type.Array(WebhookStatus, {
    minItems: 1,
    maxItems: 2,
    uniqueItems: true,
    description: 'Only orders that end in one of these become webhooks.',
  }),
});
export type WebhookEndpointData = Static<typeof WebhookEndpointData>;

/** An address that receives webhooks, without its secret. */
export const WebhookEndpoint = strictObject({
  id: Uuid,
  ...WebhookEndpointData.properties,
  description: lineOfText(100),
  state: WebhookEndpointState,
  disabledReason: nullable({
    ...choice('operator', 'gone'),
    description: '`gone`: the receiver answered 410. Null while it is enabled.',
  }),
  createdAt: Timestamp,
  previousSecretUntil: nullable({
    ...Timestamp,
    description: 'Until when the secret before the latest rotation signs too.',
  }),
});
export type WebhookEndpoint = Static<typeof WebhookEndpoint>;

/** The answer that shows a new secret: there is no other. */
export const WebhookEndpointWithSecret = strictObject({
  ...WebhookEndpoint.properties,
  secret: Type.String({ description: '`whsec_` and base64; shown only once.' }),
});
export type WebhookEndpointWithSecret = Static<typeof WebhookEndpointWithSecret>;

/** One try to deliver a webhook. */
export const WebhookAttempt = strictObject({
  number: Type.Integer({ minimum: 1 }),
  startedAt: Timestamp,
  durationMs: Type.Integer({ minimum: 0 }),
  status: nullable(
    Type.Integer({ minimum: 100, maximum: 999, description: 'HTTP status; null without answer.' }),
  ),
  error: nullable(Type.String({ description: 'Why it failed; null for one that succeeded.' })),
});
export type WebhookAttempt = Static<typeof WebhookAttempt>;

/** One event for one endpoint. */
export const WebhookDelivery = strictObject({
  id: Uuid,
  endpointId: Uuid,
  eventId: { ...Uuid, description: 'The header `webhook-id`, the same on each repeat.' },
  type: WebhookType,
  orderId: nullable({ ...Uuid, description: 'Null for a test.' }),
  state: WebhookDeliveryState,
  attemptCount: Type.Integer({ minimum: 0, description: 'Attempts since it was queued last.' }),
  attempts: Type.Array(WebhookAttempt, { description: 'The latest 50.' }),
  nextAttemptAt: nullable({ ...Timestamp, description: 'Null unless it is queued.' }),
  reason: nullable(Type.String({ description: 'Why the latest attempt failed.' })),
  createdAt: Timestamp,
  deliveredAt: nullable(Timestamp),
});
export type WebhookDelivery = Static<typeof WebhookDelivery>;

export const webhookProblems = {
  addressRefused: problem('webhook-address-refused', 'mismatch', {
    ru: [
      'Адрес не подходит',
      'Вебхуки отправляются только по https и только на публичные адреса. Укажите такой адрес.',
    ],
    en: [
      'Address refused',
      'Webhooks are sent by https and to public addresses only. Enter such an address.',
    ],
  }),
  endpointDisabled: problem('webhook-endpoint-disabled', 'conflict', {
    ru: [
      'Получатель отключён',
      'Отключённому получателю ничего не отправляют. Сначала включите его.',
    ],
    en: ['Endpoint disabled', 'Nothing is sent to a disabled endpoint. Enable it first.'],
  }),
  endpointLimit: problem('webhook-endpoint-limit', 'conflict', {
    ru: [
      'Слишком много получателей',
      `Получателей может быть не больше ${WEBHOOK_ENDPOINTS_MAX}. Удалите ненужного.`,
    ],
    en: [
      'Too many endpoints',
      `There are at most ${WEBHOOK_ENDPOINTS_MAX} endpoints. Remove one that is not needed.`,
    ],
  }),
} as const;

export const WebhookEndpointParams = strictObject({ endpointId: Uuid });
export const WebhookDeliveryParams = strictObject({ deliveryId: Uuid });

export const listWebhookEndpoints = internal(
  'listWebhookEndpoints',
  'GET /operator/webhook-endpoints',
  {
    summary: 'Addresses that receive webhooks, newest first',
    query: listQuery({}),
    responses: { 200: pageOf(WebhookEndpoint) },
  },
);

export const createWebhookEndpoint = internal(
  'createWebhookEndpoint',
  'POST /operator/webhook-endpoints',
  {
    summary: 'Add an address that receives webhooks; the answer shows its secret, once',
    query: NoQuery,
    body: WebhookEndpointData,
    responses: { 201: WebhookEndpointWithSecret },
    problems: [webhookProblems.addressRefused, webhookProblems.endpointLimit],
  },
);

export const getWebhookEndpoint = internal(
  'getWebhookEndpoint',
  'GET /operator/webhook-endpoints/:endpointId',
  {
    summary: 'One address that receives webhooks',
    params: WebhookEndpointParams,
    query: NoQuery,
    responses: { 200: WebhookEndpoint },
  },
);

export const putWebhookEndpoint = internal(
  'putWebhookEndpoint',
  'PUT /operator/webhook-endpoints/:endpointId',
  {
    summary: 'Change, enable or disable an endpoint',
    params: WebhookEndpointParams,
    query: NoQuery,
    body: strictObject({ ...WebhookEndpointData.properties, state: WebhookEndpointState }),
    responses: { 200: WebhookEndpoint },
    problems: [webhookProblems.addressRefused],
  },
);

export const deleteWebhookEndpoint = internal(
  'deleteWebhookEndpoint',
  'DELETE /operator/webhook-endpoints/:endpointId',
  {
    summary: 'Remove an endpoint with its deliveries',
    params: WebhookEndpointParams,
    query: NoQuery,
    responses: { 200: strictObject({}) },
  },
);

export const rotateWebhookSecret = internal(
  'rotateWebhookSecret',
  'POST /operator/webhook-endpoints/:endpointId/rotate-secret',
  {
    summary: 'Give an endpoint a new secret; the former one signs too for 24 hours',
    params: WebhookEndpointParams,
    query: NoQuery,
    responses: { 200: WebhookEndpointWithSecret },
  },
);

export const testWebhookEndpoint = internal(
  'testWebhookEndpoint',
  'POST /operator/webhook-endpoints/:endpointId/test',
  {
    summary: 'Queue a webhook of type webhook.test with invented data',
    params: WebhookEndpointParams,
    query: NoQuery,
    responses: { 200: WebhookDelivery },
    problems: [webhookProblems.endpointDisabled],
  },
);

/** The result of a replay, of up to 5000 events. */
export const WebhookReplay = strictObject({
  queued: Type.Integer({ minimum: 0, description: 'Webhooks that are sent because of this call.' }),
  since: {
    ...Timestamp,
    description: 'From when on; later than asked for where older events are deleted.',
  },
  next: nullable({
    ...Timestamp,
    description: 'Since when to call again; null when no event is left.',
  }),
});
export type WebhookReplay = Static<typeof WebhookReplay>;

export const replayWebhookEvents = internal(
  'replayWebhookEvents',
  'POST /operator/webhook-endpoints/:endpointId/replay',
  {
    summary: 'Send all events since a moment to an endpoint again, with their former webhook-id',
    params: WebhookEndpointParams,
    query: NoQuery,
    body: strictObject({
      since: Type.String({ format: 'date-time', maxLength: 40, description: 'RFC 3339.' }),
    }),
    responses: { 200: WebhookReplay },
    problems: [webhookProblems.endpointDisabled],
  },
);

export const webhookDeliveryFilters = {
  endpointId: Type.Optional(Uuid),
  state: Type.Optional(WebhookDeliveryState),
  orderId: Type.Optional(Uuid),
};

export const listWebhookDeliveries = internal(
  'listWebhookDeliveries',
  'GET /operator/webhook-deliveries',
  {
    summary: 'Deliveries to all endpoints, newest first',
    query: listQuery(webhookDeliveryFilters),
    responses: { 200: pageOf(WebhookDelivery) },
  },
);

export const getWebhookDelivery = internal(
  'getWebhookDelivery',
  'GET /operator/webhook-deliveries/:deliveryId',
  {
    summary: 'One delivery with its attempts',
    params: WebhookDeliveryParams,
    query: NoQuery,
    responses: { 200: WebhookDelivery },
  },
);

export const redeliverWebhook = internal(
  'redeliverWebhook',
  'POST /operator/webhook-deliveries/:deliveryId/redeliver',
  {
    summary: 'Send a webhook now, also one that was delivered; its webhook-id stays',
    params: WebhookDeliveryParams,
    query: NoQuery,
    responses: { 200: WebhookDelivery },
    problems: [webhookProblems.endpointDisabled],
  },
);
