import { type Static, Type } from 'typebox';
import {
  CustomerId,
  choice,
  NoQuery,
  nullable,
  OperatorReason,
  strictObject,
  Timestamp,
} from './common.ts';
import { internal, problem } from './operation.ts';

// Internal operations of an erasure (docs/privacy.md). Profiles keeps the request, and
// the gateway has each service erase its part.

const TRACES_MAX = 1_000;

/**
 * An address or a name of the customer: what texts of others may repeat. No pattern: former versions
 * stored texts that are refused today, and they must be erased too.
 */
const Trace = strictObject({
  kind: choice('address', 'name'),
  text: Type.String({ minLength: 1, maxLength: 254 }),
});
export type Trace = Static<typeof Trace>;

const Traces = Type.Array(Trace, { maxItems: TRACES_MAX });

const Cursor = Type.String({ minLength: 1, maxLength: 100, pattern: '^[a-z0-9:-]+$' });

/** One bounded part of an erasure. `next` continues it; null where this service has finished. */
export const eraseCustomer = internal('eraseCustomer', 'POST /erasures', {
  summary: "Erase a part of a customer's personal data; repeated it changes nothing more",
  body: strictObject({
    customerId: CustomerId,
    traces: Traces,
    cursor: Type.Optional(Cursor),
  }),
  responses: {
    200: strictObject({
      next: nullable(Cursor),
      /** Something of this part is at work and can be erased only when it has ended. */
      waits: Type.Boolean(),
    }),
  },
});

/** Addresses and names in a service's records of a customer, in parts. */
export const listTraces = internal('listTraces', 'GET /erasures/traces', {
  summary: 'Addresses and names of a customer in the records of this service',
  query: strictObject({ customerId: CustomerId, cursor: Type.Optional(Cursor) }),
  responses: { 200: strictObject({ data: Traces, next: nullable(Cursor) }) },
});

const WaitsFor = choice('orders', 'letters', 'services');
export type WaitsFor = Static<typeof WaitsFor>;

/** An erasure as profiles keeps it. */
export const StoredErasure = strictObject({
  customerId: CustomerId,
  requestedAt: Timestamp,
  /** The customer's own id or the operator's. */
  requestedBy: CustomerId,
  reason: nullable(Type.String()),
  waitsFor: nullable(WaitsFor),
  doneAt: nullable(Timestamp),
});
export type StoredErasure = Static<typeof StoredErasure>;

const CustomerParams = strictObject({ customerId: CustomerId });

export const requestErasure = internal('requestErasure', 'PUT /erasures/:customerId', {
  summary: 'Record that a customer is to be erased; answers the first request',
  params: CustomerParams,
  body: strictObject({ requestedBy: CustomerId, reason: nullable(OperatorReason) }),
  responses: { 200: StoredErasure },
});

export const getErasure = internal('getErasure', 'GET /erasures/:customerId', {
  summary: "A customer's erasure",
  params: CustomerParams,
  query: NoQuery,
  responses: { 200: StoredErasure },
});

const MS_MAX = 3_600_000;
const Milliseconds = Type.Integer({ minimum: 0, maximum: MS_MAX });
const ERASURES_MAX = 10;

export const claimErasures = internal('claimErasures', 'POST /erasures/claim', {
  summary: 'Lease erasures that are not done, the least recently tried first',
  body: strictObject({ olderThanMs: Milliseconds, leaseMs: Milliseconds }),
  responses: {
    200: strictObject({
      data: Type.Array(strictObject({ customerId: CustomerId, traces: Traces }), {
        maxItems: ERASURES_MAX,
      }),
    }),
  },
});

export const noteErasure = internal('noteErasure', 'PUT /erasures/:customerId/progress', {
  summary: 'Keep the progress of an erasure, and hold its lease for as long as given',
  params: CustomerParams,
  body: strictObject({
    leaseMs: Milliseconds,
    /** Added to those that are kept. */
    traces: Type.Optional(Traces),
    waitsFor: Type.Optional(nullable(WaitsFor)),
  }),
  responses: { 200: strictObject({}) },
});

export const RECENT_MAX = 10_000;

/** Their tokens are refused, also by a gateway that did not take the request. */
export const listRecentErasures = internal('listRecentErasures', 'GET /erasures', {
  summary: 'Customers whose erasure was requested within a day, newest first',
  query: NoQuery,
  responses: { 200: strictObject({ customerIds: Type.Array(CustomerId) }) },
});

export const erasureProblems = {
  customerErased: problem('customer-erased', 'conflict', {
    ru: ['Данные удалены', 'Данные этого клиента удалены или удаляются. Профиль не создан.'],
    en: ['Customer erased', 'The data of this customer are erased or being erased.'],
  }),
} as const;
