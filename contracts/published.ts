import type { TSchema } from 'typebox';
import * as accountLetters from './account-letters.ts';
import { AuditEntry, listAuditTrail, PublicAuditEntry } from './audit.ts';
import * as billing from './billing.ts';
import { Money } from './common.ts';
import * as deadLetters from './dead-letters.ts';
import * as erasure from './erasure.ts';
import * as gateway from './gateway.ts';
import * as identity from './identity.ts';
import * as journey from './journey.ts';
import * as letterAudit from './letter-audit.ts';
import * as notifications from './notifications.ts';
import { openApiOf } from './openapi.ts';
import * as operator from './operator.ts';
import * as orderOperations from './order-operations.ts';
import * as orders from './orders.ts';
import { checkPassword, getAccountData } from './privacy.ts';
import * as profiles from './profiles.ts';
import { Repair } from './repairs.ts';
import * as webhooks from './webhooks.ts';

export function gatewayApi(): Record<string, unknown> {
  return openApiOf({
    title: 'Orderbell',
    description:
      'Orders paid from the wallet while the customer waits; letters tell the outcome. ' +
      'Заказы оплачиваются из кошелька сразу, письма сообщают результат.',
    endpoints: { ...gateway, ...operator },
    tags: ['account', 'wallet', 'orders', 'letters', 'operator'],
    schemas: {
      AccessToken: identity.AccessToken,
      AuditEntry: PublicAuditEntry,
      DeadLetter: notifications.DeadLetter,
      Journey: gateway.Journey,
      JourneyStep: journey.JourneyStep,
      LedgerReport: operator.LedgerReport,
      Letter: notifications.Letter,
      Money,
      NewOrder: gateway.NewOrder,
      OperatorLetter: notifications.OperatorLetter,
      Order: gateway.PublicOrder,
      OrderEvent: orderOperations.OrderEvent,
      OrderItem: orders.OrderItem,
      Overview: operator.Overview,
      PendingOrder: operator.PublicPendingOrder,
      Profile: profiles.Profile,
      ProfileData: profiles.ProfileData,
      Repair,
      RepairedDifference: operator.RepairedDifference,
      RepairReport: operator.RepairReport,
      Wallet: billing.Wallet,
      WalletOperation: billing.WalletOperation,
      WebhookDelivery: webhooks.WebhookDelivery,
      WebhookEndpoint: webhooks.WebhookEndpoint,
    },
  });
}

const { eraseCustomer, listTraces } = erasure;

/** The API of a service that other services call. */
export function internalApi(
  service: string,
  endpoints: Record<string, unknown>,
  schemas: Record<string, TSchema> = {},
): Record<string, unknown> {
  return openApiOf({
    title: `Orderbell ${service}`,
    description: 'Internal: reachable only with a service credential of the callers named.',
    endpoints,
    schemas,
  });
}

export function ordersApi() {
  const { AuditedOrder, PendingOrder } = orderOperations;
  const { Order, OrderItem } = orders;
  const endpoints = byName({ ...orders, ...orderOperations, eraseCustomer, listAuditTrail });
  return internalApi('orders', endpoints, {
    AuditEntry,
    AuditedOrder,
    Money,
    Order,
    OrderItem,
    PendingOrder,
  });
}

export function billingApi() {
  const { AuditedPayment, Payment, PaymentDecision, PaymentRequest } = billing;
  const { Wallet, WalletOperation } = billing;
  return internalApi(
    'billing',
    { ...billing, eraseCustomer, listAuditTrail },
    {
      AuditEntry,
      AuditedPayment,
      Money,
      Payment,
      PaymentDecision,
      PaymentRequest,
      Wallet,
      WalletOperation,
    },
  );
}

export function profilesApi() {
  const { Profile, ProfileData } = profiles;
  const { listTraces: _, ...erasures } = erasure;
  return internalApi(
    'profiles',
    { ...profiles, ...erasures, listAuditTrail },
    { AuditEntry, Profile, ProfileData },
  );
}

export function notificationsApi() {
  const { AuditedLetter } = letterAudit;
  const { DeadLetter, Letter, OperatorLetter } = notifications;
  const endpoints = {
    ...notifications,
    ...accountLetters,
    ...letterAudit,
    eraseCustomer,
    listTraces,
    listAuditTrail,
  };
  return internalApi('notifications', endpoints, {
    AuditEntry,
    AuditedLetter,
    DeadLetter,
    Letter,
    OperatorLetter,
  });
}

export function identityApi() {
  return internalApi(
    'identity',
    { ...identity, checkPassword, getAccountData, eraseCustomer, listAuditTrail },
    { AuditEntry, AccessToken: identity.AccessToken },
  );
}

export function webhooksApi() {
  const { WebhookDelivery, WebhookEndpoint } = webhooks;
  const endpoints = { ...webhooks, ...deadLetters, eraseCustomer, listAuditTrail };
  return internalApi('webhooks', endpoints, {
    AuditEntry,
    DeadLetter: deadLetters.DeadLetter,
    WebhookDelivery,
    WebhookEndpoint,
  });
}

/** Sorts members by name, as JavaScript sorts the exports of one module. */
function byName(endpoints: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(endpoints).sort(([a], [b]) => (a < b ? -1 : 1)));
}
