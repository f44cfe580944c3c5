import { type TSchema, Type } from 'typebox';
import * as accountLetters from '../account-letters.ts';
import { AuditEntry, listAuditTrail, PublicAuditEntry } from '../audit.ts';
import * as billing from '../billing.ts';
import { Money, Uuid } from '../common.ts';
import * as deadLetters from '../dead-letters.ts';
import * as erasure from '../erasure.ts';
import * as gateway from '../gateway.ts';
import * as identity from '../identity.ts';
import * as journey from '../journey.ts';
import * as letterAudit from '../letter-audit.ts';
import * as notifications from '../notifications.ts';
import * as operator from '../operator.ts';
import * as orderOperations from '../order-operations.ts';
import * as orders from '../orders.ts';
import { checkPassword, Erasure, getAccountData } from '../privacy.ts';
import * as profiles from '../profiles.ts';
import { Repair } from '../repairs.ts';
import * as walletLists from '../wallet-lists.ts';
import * as webhooks from '../webhooks.ts';
import { openApiOf } from './openapi.ts';
import type { ProblemMembers } from './problem-answers.ts';
import { PUBLIC_DESCRIPTION, publicTags } from './public-texts.ts';

/** Without balance and shortfall where the balance of the decision is not stored any more. */
const shortage = {
  required: billing.Shortage.properties.required,
  balance: Type.Optional(billing.Shortage.properties.balance),
  shortfall: Type.Optional(billing.Shortage.properties.shortfall),
};

export function gatewayApi(): Record<string, unknown> {
  return openApiOf({
    title: 'Orderbell',
    description: PUBLIC_DESCRIPTION,
    endpoints: { ...gateway, ...operator },
    tags: publicTags,
    problemMembers: {
      'insufficient-funds': {
        order: gateway.PublicOrder,
        ...shortage,
      },
      'order-cancelled': { order: gateway.PublicOrder },
      'reversal-exceeds-balance': billing.ReversalExcess.properties,
    },
    schemas: {
      AccessToken: identity.AccessToken,
      AuditEntry: PublicAuditEntry,
      DeadLetter: notifications.DeadLetter,
      Erasure,
      Journey: gateway.Journey,
      JourneyStep: journey.JourneyStep,
      LedgerReport: operator.LedgerReport,
      Letter: notifications.Letter,
      Money,
      NewOrder: gateway.NewOrder,
      OperatorCustomer: operator.OperatorCustomer,
      OperatorLetter: notifications.OperatorLetter,
      OperatorOperation: billing.OperatorOperation,
      Order: gateway.PublicOrder,
      OrderEvent: orderOperations.OrderEvent,
      OrderItem: orders.OrderItem,
      Overview: operator.Overview,
      PendingOrder: operator.PublicPendingOrder,
      Profile: profiles.Profile,
      ProfileData: profiles.ProfileData,
      Repair,
      SearchHit: operator.SearchHit,
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
  problemMembers: ProblemMembers = {},
): Record<string, unknown> {
  return openApiOf({
    title: `Orderbell ${service}`,
    description:
      'Internal: each operation takes a service token of the callers that `x-callers` names. ' +
      'Not reachable from the internet.',
    endpoints,
    schemas,
    problemMembers,
    tags: { [service]: `What the other services ask of ${service}.` },
    defaultTag: service,
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
    { ...billing, ...walletLists, eraseCustomer, listAuditTrail },
    {
      AuditEntry,
      AuditedPayment,
      Money,
      Payment,
      PaymentDecision,
      PaymentRequest,
      OperatorOperation: billing.OperatorOperation,
      Wallet,
      WalletOperation,
    },
    {
      'insufficient-funds': shortage,
      'reversal-exceeds-balance': billing.ReversalExcess.properties,
    },
  );
}

export function profilesApi() {
  const { Profile, ProfileData } = profiles;
  const { listTraces: _, ...erasures } = erasure;
  return internalApi(
    'profiles',
    { ...profiles, ...erasures, listAuditTrail },
    { AuditEntry, Profile, ProfileData, StoredErasure: erasure.StoredErasure },
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

const ENDED = 'The session that the token of a repeated renewal ended.';
const LETTER_DUE = 'Whether the owner of the address gets a letter about this registration.';

export function identityApi() {
  return internalApi(
    'identity',
    { ...identity, checkPassword, getAccountData, eraseCustomer, listAuditTrail },
    { AuditEntry, AccessToken: identity.AccessToken },
    {
      'email-taken': { letterDue: Type.Boolean({ description: LETTER_DUE }) },
      'session-ended': { ended: Type.Optional({ ...Uuid, description: ENDED }) },
    },
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
