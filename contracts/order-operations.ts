import { type Static, Type } from 'typebox';
import {
  amountBetween,
  auditOf,
  auditQuery,
  CustomerId,
  choice,
  lineOfText,
  listQuery,
  Money,
  madeBetween,
  NoQuery,
  nullable,
  OperatorReason,
  OrderParams,
  pageOf,
  Sort,
  strictObject,
  Timestamp,
  TraceId,
  Uuid,
} from './common.ts';
import { internal } from './operation.ts';
import { CancelReason, Order, OrderStatus } from './orders.ts';
import { RepairResult, repairAuthor, repairList, repairProblems } from './repairs.ts';

// The operations of orders that recovery, the operator and the reconciliation call.

/** The recovery attempts at one order. */
export const OrderRecovery = strictObject({
  attempts: Type.Integer({ minimum: 0, description: 'Times that recovery tried it.' }),
  triedAt: nullable(Timestamp),
  error: nullable(Type.String({ description: 'Why the last try did not end it.' })),
});
export type OrderRecovery = Static<typeof OrderRecovery>;

/** An order that has not ended, as the operator sees it. */
export const PendingOrder = strictObject({
  ...Order.properties,
  ageMs: Type.Integer({ minimum: 0, description: 'Milliseconds since it was placed.' }),
  recovery: OrderRecovery,
});
export type PendingOrder = Static<typeof PendingOrder>;

/** Filter of the list of pending orders: those under way are milliseconds old. */
export const pendingFilters = {
  minAgeMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000 })),
};

export const listPendingOrders = internal('listPendingOrders', 'GET /pending-orders', {
  summary: 'Orders that have not ended, of all customers, newest first',
  query: listQuery(pendingFilters),
  responses: { 200: pageOf(PendingOrder) },
});

/** Filters of the list of all orders. */
export const orderFilters = {
  status: Type.Optional(OrderStatus),
  reason: Type.Optional(CancelReason),
  customerId: Type.Optional(CustomerId),
  ...madeBetween,
  ...amountBetween,
  sort: Type.Optional(Sort),
};

export const listAllOrders = internal('listAllOrders', 'GET /operator/orders', {
  summary: 'Orders of all customers, newest first',
  description:
    'A page may be empty and still name a next one: each looks through a limited number of orders.',
  query: listQuery(orderFilters),
  responses: { 200: pageOf(Order) },
});

/** The most orders that a search answers. */
export const ORDERS_FOUND_MAX = 10;

export const findOrders = internal('findOrders', 'GET /operator/found-orders', {
  summary: 'Orders within a range of ids, or of one trace among the latest; newest first',
  query: strictObject({
    first: Type.Optional(Uuid),
    last: Type.Optional(Uuid),
    traceId: Type.Optional(TraceId),
  }),
  responses: { 200: strictObject({ data: Type.Array(Order) }) },
});

export const noteSettlement = internal('noteSettlement', 'POST /orders/:orderId/settlement', {
  summary:
    'Record that an operator ends a pending order now; answers the order, which stays as it is',
  params: OrderParams,
  query: NoQuery,
  body: strictObject({ reason: OperatorReason }),
  responses: { 200: Order },
});

/** One moment of the last hour, of the orders. */
export const OrdersSample = strictObject({
  at: Timestamp,
  /** Per second. */
  placed: Type.Number({ minimum: 0 }),
  paid: Type.Number({ minimum: 0 }),
  cancelled: Type.Number({ minimum: 0 }),
  pending: Type.Integer({ minimum: 0 }),
  /** Null where another publisher than our relay sends the outbox. */
  unpublished: nullable(Type.Integer({ minimum: 0 })),
});
export type OrdersSample = Static<typeof OrdersSample>;

export const getOrdersHistory = internal('getOrdersHistory', 'GET /history', {
  summary: 'The figures of the last hour, oldest first, every ten seconds',
  query: NoQuery,
  responses: { 200: strictObject({ data: Type.Array(OrdersSample) }) },
});

export const RECOVERY_ERROR_MAX = 500;

export const noteRecoveryFailure = internal(
  'noteRecoveryFailure',
  'PUT /pending-orders/:orderId/recovery-failure',
  {
    summary: 'Keep why recovery could not end an order, for the operator',
    params: OrderParams,
    // Bounded and plain, so that the database cannot refuse the error of another service.
    body: strictObject({ error: lineOfText(RECOVERY_ERROR_MAX) }),
    responses: { 200: Order },
  },
);

/** The event of an ended order, as stored in the outbox and on the topic. */
export const OrderEvent = strictObject({
  id: Uuid,
  topic: Type.String(),
  key: Type.String(),
  headers: Type.Array(strictObject({ name: Type.String(), value: Type.String() })),
  value: nullable(Type.String({ description: 'JSON text, as published.' })),
  /** Null once the outbox row is past its retention. */
  createdAt: nullable(Timestamp),
  publishedAt: nullable(Timestamp),
  partition: nullable(Type.Integer({ minimum: 0 })),
  offset: nullable(Type.Integer({ minimum: 0 })),
});
export type OrderEvent = Static<typeof OrderEvent>;

export const getOrderHistory = internal('getOrderHistory', 'GET /orders/:orderId/history', {
  summary: 'One order with its event and what recovery did, for its journey',
  params: OrderParams,
  /** Without a customer: any order, for the operator. */
  query: strictObject({ customerId: Type.Optional(CustomerId) }),
  responses: {
    200: strictObject({
      order: Order,
      recovery: OrderRecovery,
      event: Type.Union([OrderEvent, Type.Null()]),
    }),
  },
});

const Count = Type.Integer({ minimum: 0 });

/** How many orders there are and how many wait, for the operator's overview. */
export const OrdersOverview = strictObject({
  /** Counts of the latest orders only, so that they stay cheap for any number of orders. */
  latest: strictObject({
    counted: Count,
    max: Count,
    pending: Count,
    paid: Count,
    cancelled: Count,
  }),
  /** Per second, over the last ten seconds. */
  rates: strictObject({
    placed: Type.Number({ minimum: 0 }),
    paid: Type.Number({ minimum: 0 }),
    cancelled: Type.Number({ minimum: 0 }),
  }),
  /** The orders that recovery takes first, at most `latest.max`. */
  pending: strictObject({
    total: Count,
    oldestMs: Count,
    byAge: Type.Array(
      strictObject({
        fromMs: Count,
        /** Null: and older. */
        toMs: nullable(Count),
        count: Count,
      }),
    ),
  }),
  /**
   * The oldest events, at most `latest.max`. Null where another publisher than our relay sends
   * the outbox.
   */
  outbox: Type.Union([strictObject({ unpublished: Count, oldestMs: Count }), Type.Null()]),
});
export type OrdersOverview = Static<typeof OrdersOverview>;

export const getOrdersOverview = internal('getOrdersOverview', 'GET /overview', {
  summary: 'Orders by status, what is pending and for how long, the outbox backlog',
  query: NoQuery,
  responses: { 200: OrdersOverview },
});

/** An order and its event as the reconciliation compares them. */
export const AuditedOrder = strictObject({
  id: Uuid,
  customerId: CustomerId,
  status: OrderStatus,
  statusReason: nullable(CancelReason),
  total: Money,
  operationId: nullable(Uuid),
  /** Null exactly while the order is Pending. */
  eventId: nullable(Uuid),
  /** `handed-over`: another publisher than our relay sends it and does not report when. */
  event: choice(
    'none',
    'missing',
    'contradicting',
    'unpublished',
    'handed-over',
    'published',
    'expired',
  ),
  /** Milliseconds since the event was written; null without one. */
  eventAgeMs: nullable(Type.Integer({ minimum: 0 })),
  /** The event's position on the topic, while its outbox row is kept. */
  position: nullable(
    strictObject({
      topicId: Type.String(),
      partition: Type.Integer({ minimum: 0 }),
      offset: Type.Integer({ minimum: 0 }),
    }),
  ),
});
export type AuditedOrder = Static<typeof AuditedOrder>;

export const auditOrders = internal('auditOrders', 'GET /audit/orders', {
  summary: 'Orders with their events, in the order of their ids, after the one named',
  query: auditQuery({ after: Type.Optional(Uuid) }),
  responses: { 200: strictObject({ data: Type.Array(AuditedOrder) }) },
});

export const auditEvents = internal('auditEvents', 'GET /audit/events', {
  summary: 'Looks through a part of the outbox for events that belong to no ended order',
  query: auditQuery({ after: Type.Optional(Uuid) }),
  responses: { 200: auditOf(Uuid) },
});

export const publishEventAgain = internal(
  'publishEventAgain',
  'POST /orders/:orderId/event/repair',
  {
    summary: 'Put the event of an ended order into the outbox again, with the same id and content',
    params: OrderParams,
    body: strictObject(repairAuthor),
    responses: { 200: RepairResult },
    problems: [repairProblems.repairRefused],
  },
);

export const listOrderRepairs = { ...repairList, operationId: 'listOrderRepairs' } as const;
