// The shape of each public operation's success answer, as far as clients rely on it. Answers may
// have further members. Browsers load this module too, so it imports only modules that they load.

import { auditEntry, deadLetter, foundCustomer, hit, ledger, repairs } from './operator-shapes.ts';
import {
  type Checked,
  filled,
  integer,
  listOf,
  nullOr,
  object,
  oneOf,
  pageOf,
  type Shape,
  text,
  truth,
  uuid,
} from './shapes.ts';
import { webhookDelivery, webhookEndpoint, webhookSecret } from './webhook-shapes.ts';

export interface SentRequest {
  method: string;
  /** With its parameters, without the query. */
  path: string;
  body?: unknown;
  key?: string | undefined;
}

/** Describes the success answers of one operation. */
export interface AnswerRule {
  /** As in the contracts: `/v1/orders/:orderId`. */
  path: RegExp;
  bodies: Record<number, Shape>;
  /** Whether a success answer is one to this very request. */
  fits: (body: unknown, sent: SentRequest) => boolean;
}

export const money = object({ amount: integer, currency: filled });
const item = object({ name: filled, quantity: integer, unitPrice: money });
const orderMembers = {
  id: uuid,
  customerId: filled,
  status: oneOf('Pending', 'Paid', 'Cancelled'),
  statusReason: nullOr(filled),
  statusLabel: text,
  items: listOf(item),
  total: money,
  payment: nullOr(object({ operationId: uuid })),
  version: integer,
  createdAt: filled,
  updatedAt: filled,
};
const order = object(orderMembers);
const paidOrder = object({
  ...orderMembers,
  status: oneOf('Paid'),
  payment: object({ operationId: uuid }),
});
const pendingOrder = object({ ...orderMembers, status: oneOf('Pending') });
const operationMembers = {
  id: uuid,
  type: filled,
  amount: money,
  balanceAfter: money,
  orderId: nullOr(uuid),
  createdAt: filled,
};
const operation = object(operationMembers);
const topUp = object({ ...operationMembers, type: oneOf('top_up') });
const reversal = object({
  ...operationMembers,
  type: oneOf('reversal'),
  reversesOperationId: uuid,
  reason: filled,
});
const foundOperation = object({ ...operationMembers, customerId: filled });
const tokens = object({ accessToken: filled, tokenType: filled, expiresIn: integer });
const nothing = oneOf(null);
const profile = object({ customerId: filled, email: filled, name: text, locale: filled });
const letter = object({
  id: uuid,
  orderId: uuid,
  kind: filled,
  state: filled,
  attempts: listOf(object({})),
});
const journey = object({ order, steps: listOf(object({})), complete: truth });

const accountExport = object({
  customerId: filled,
  orders: listOf(object({})),
  letters: listOf(object({})),
  complete: oneOf(true),
});
const erasure = object({
  customerId: filled,
  state: oneOf('pending', 'done'),
  requestedAt: filled,
});

const anyFits = () => true;
const sameId = (body: unknown, { path }: SentRequest) => isNamedIn(path, (body as Checked).id);
const sameEndpoint = (body: unknown, { path }: SentRequest) =>
  isNamedIn(path, (body as Checked).endpointId);
const sameUrl = (body: unknown, { body: sent }: SentRequest) =>
  (body as Checked).url === (sent as Checked)?.url;
const sameOrder = (body: unknown, { path }: SentRequest) =>
  isNamedIn(path, (body as Checked).order.id);
const sameOriginal = (body: unknown, { path }: SentRequest) =>
  isNamedIn(path, (body as Checked).reversesOperationId);
const sameAmount = (body: unknown, { body: sent }: SentRequest) =>
  isSameMoney((body as Checked).amount, (sent as Checked)?.amount);
const sameContact = (body: unknown, { body: sent }: SentRequest) =>
  ['email', 'name', 'locale'].every(
    (name) => (body as Checked)[name] === (sent as Checked)?.[name],
  );

function isNamedIn(path: string, id: string): boolean {
  return path.toLowerCase().split('/').includes(id.toLowerCase());
}

export function isSameMoney(one: Checked, other: Checked): boolean {
  return money(one) && one.amount === other?.amount && one.currency === other?.currency;
}

/** Whether an order holds what was asked for, and sums it up. */
function sameItems(body: unknown, { body: sent }: SentRequest): boolean {
  const { items, total } = body as Checked;
  const asked: Checked = (sent as Checked)?.items;
  if (!Array.isArray(asked) || asked.length !== items.length) return false;
  const sum = asked.reduce(
    (part, { quantity, unitPrice }) => part + quantity * unitPrice.amount,
    0,
  );
  return (
    total.amount === sum &&
    asked.every((each: Checked, index) => {
      const { name, sku, quantity, unitPrice } = items[index];
      return (
        name === each.name &&
        sku === each.sku &&
        quantity === each.quantity &&
        unitPrice.currency === total.currency &&
        isSameMoney(unitPrice, each.unitPrice)
      );
    })
  );
}

/** Whether the order of a problem document is the one asked for, and was cancelled for this reason. */
export function isCancelledOrder(value: unknown, reason: string, sent: SentRequest): boolean {
  const { status, statusReason } = (value ?? {}) as Checked;
  return (
    order(value) && status === 'Cancelled' && statusReason === reason && sameItems(value, sent)
  );
}

const rule = (
  operationAt: string,
  bodies: Record<number, Shape>,
  fits: AnswerRule['fits'] = anyFits,
): [string, AnswerRule] => {
  const path = operationAt.split(' ')[1] as string;
  const pattern = path.replace(/:\w+/g, '[^/]+');
  return [operationAt, { path: new RegExp(`^${pattern}$`), bodies, fits }];
};

/** Every operation of the public API, by method and path. */
export const answerRules: ReadonlyMap<string, AnswerRule> = new Map([
  rule('POST /v1/registrations', { 201: profile }),
  rule('POST /v1/sessions', { 200: tokens }),
  rule('POST /v1/sessions/renewal', { 200: tokens }),
  rule('DELETE /v1/sessions/current', { 204: nothing }),
  rule('PUT /v1/password', { 204: nothing }),
  rule('POST /v1/password-resets', { 202: object({}) }),
  rule('POST /v1/password-resets/redeem', { 204: nothing }),
  rule('GET /v1/profile', { 200: profile }),
  rule('PUT /v1/profile', { 200: profile }, sameContact),
  rule('POST /v1/profile/confirmation', { 202: object({ email: filled }) }),
  rule('POST /v1/confirmations', { 200: object({ email: filled, emailConfirmed: oneOf(true) }) }),
  rule('GET /v1/account/export', { 200: accountExport }),
  rule('POST /v1/account/erasure', { 202: erasure }),
  rule('GET /v1/operator/customers/:customerId/export', { 200: accountExport }),
  rule('POST /v1/operator/customers/:customerId/erasure', { 202: erasure }),
  rule('GET /v1/operator/customers/:customerId/erasure', { 200: erasure }),
  rule('GET /v1/wallet', { 200: object({ customerId: filled, balance: money }) }),
  rule('GET /v1/wallet/operations', { 200: pageOf(operation) }),
  rule('POST /v1/wallet/top-ups', { 201: topUp }, sameAmount),
  rule('POST /v1/orders', { 201: paidOrder, 202: pendingOrder }, sameItems),
  rule('GET /v1/orders', { 200: pageOf(order) }),
  rule('GET /v1/orders/:orderId', { 200: order }, sameId),
  rule('GET /v1/orders/:orderId/journey', { 200: journey }, sameOrder),
  rule('GET /v1/letters', { 200: pageOf(letter) }),
  rule('GET /v1/letters/:letterId', { 200: letter }, sameId),
  rule('POST /v1/operator/wallets/:customerId/top-ups', { 201: topUp }, sameAmount),
  rule('GET /v1/operator/customers', { 200: pageOf(foundCustomer) }),
  rule('GET /v1/operator/search', {
    200: object({ data: listOf(hit), unavailable: listOf(filled) }),
  }),
  rule('GET /v1/operator/orders', { 200: pageOf(order) }),
  rule('POST /v1/operator/orders/:orderId/settlement', { 200: order }, sameId),
  rule('GET /v1/operator/operations', { 200: pageOf(foundOperation) }),
  rule('GET /v1/operator/operations/:operationId', {
    200: object({ operation: foundOperation, reversal: nullOr(foundOperation) }),
  }),
  rule('GET /v1/operator/wallets/:customerId/operations', { 200: pageOf(operation) }),
  rule(
    'POST /v1/operator/wallets/:customerId/operations/:operationId/reversal',
    { 201: reversal },
    sameOriginal,
  ),
  rule('GET /v1/operator/audit', {
    200: object({ data: listOf(auditEntry), nextCursor: nullOr(text), unanswered: listOf(filled) }),
  }),
  rule('GET /v1/operator/pending-orders', { 200: pageOf(order) }),
  rule('GET /v1/operator/orders/:orderId/journey', { 200: journey }, sameOrder),
  rule('GET /v1/operator/overview', {
    200: object({ at: filled, orders: nullOr(object({})), notifications: nullOr(object({})) }),
  }),
  rule('GET /v1/operator/overview/history', {
    200: object({ at: filled, stepMs: integer, orders: nullOr(listOf(object({}))) }),
  }),
  rule('GET /v1/operator/letter-templates', {
    200: object({ data: listOf(object({ version: integer, source: filled, current: truth })) }),
  }),
  rule('POST /v1/operator/letters/acknowledge', {
    200: object({ acknowledged: integer, refused: integer }),
  }),
  rule('GET /v1/operator/letters', { 200: pageOf(letter) }),
  rule('GET /v1/operator/letters/:letterId', { 200: letter }, sameId),
  rule('GET /v1/operator/letters/:letterId/preview', {
    200: object({ to: text, locale: filled, subject: text, text, html: text }),
  }),
  rule('POST /v1/operator/letters/:letterId/resend', { 200: letter }, sameId),
  rule('POST /v1/operator/letters/resend', {
    200: object({ matched: integer, resent: integer, nextCursor: nullOr(text) }),
  }),
  rule('GET /v1/operator/dead-letters', { 200: pageOf(deadLetter) }),
  rule('GET /v1/operator/dead-letters/:deadLetterId', { 200: deadLetter }, sameId),
  rule('POST /v1/operator/dead-letters/:deadLetterId/redrive', { 200: deadLetter }, sameId),
  rule('POST /v1/operator/dead-letters/discard', {
    200: object({ discarded: integer, refused: integer }),
  }),
  rule('POST /v1/operator/dead-letters/redrive', {
    200: object({ redriven: integer, refused: integer, dead: integer }),
  }),
  rule('GET /v1/operator/webhook-endpoints', { 200: pageOf(webhookEndpoint) }),
  rule('POST /v1/operator/webhook-endpoints', { 201: webhookSecret }, sameUrl),
  rule('GET /v1/operator/webhook-endpoints/:endpointId', { 200: webhookEndpoint }, sameId),
  rule('PUT /v1/operator/webhook-endpoints/:endpointId', { 200: webhookEndpoint }, sameId),
  rule('DELETE /v1/operator/webhook-endpoints/:endpointId', { 204: nothing }),
  rule(
    'POST /v1/operator/webhook-endpoints/:endpointId/rotate-secret',
    { 200: webhookSecret },
    sameId,
  ),
  rule(
    'POST /v1/operator/webhook-endpoints/:endpointId/test',
    { 200: webhookDelivery },
    sameEndpoint,
  ),
  rule('POST /v1/operator/webhook-endpoints/:endpointId/replay', {
    200: object({ queued: integer, since: filled, next: nullOr(filled) }),
  }),
  rule('GET /v1/operator/webhook-deliveries', { 200: pageOf(webhookDelivery) }),
  rule('GET /v1/operator/webhook-deliveries/:deliveryId', { 200: webhookDelivery }, sameId),
  rule(
    'POST /v1/operator/webhook-deliveries/:deliveryId/redeliver',
    { 200: webhookDelivery },
    sameId,
  ),
  rule('GET /v1/operator/repairs', { 200: pageOf(object({})) }),
  rule('POST /v1/operator/repairs', { 200: repairs }),
  rule('GET /v1/operator/ledger/verify', { 200: ledger }),
]);

/** The rule of a request; undefined where it is none of the public API. */
export function ruleOf({ method, path }: SentRequest): AnswerRule | undefined {
  for (const [name, found] of answerRules) {
    if (name.startsWith(`${method} `) && found.path.test(path)) return found;
  }
  return undefined;
}
