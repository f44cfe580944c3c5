import { type Static, Type } from 'typebox';
import {
  auditOf,
  auditQuery,
  CustomerId,
  choice,
  lineOfText,
  listQuery,
  Money,
  NoQuery,
  nullable,
  OrderParams,
  pageOf,
  strict,
  Timestamp,
  Uuid,
} from './common.ts';
import { CancelReason, Order, OrderStatus } from './orders.ts';
import { RepairResult, repairAuthor, repairList, repairProblems } from './repairs.ts';

// What recovery, the operator and the reconciliation ask of orders.

/** What recovery did about an order. */
export const OrderRecovery = Type.Object(
  {
    attempts: Type.Integer({ minimum: 0, description: 'Times that recovery tried it.' }),
    triedAt: nullable(Timestamp),
    error: nullable(Type.String({ description: 'Why the last try did not end it.' })),
  },
  strict,
);
export type OrderRecovery = Static<typeof OrderRecovery>;

/** An order that has not ended, as the operator sees it. */
export const PendingOrder = Type.Object(
  {
    ...Order.properties,
    ageMs: Type.Integer({ minimum: 0, description: 'Milliseconds since it was placed.' }),
    recovery: OrderRecovery,
  },
  strict,
);
export type PendingOrder = Static<typeof PendingOrder>;

/** Filter of the list of pending orders: those under way are milliseconds old. */
export const pendingFilters = {
  minAgeMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000 })),
};

export const listPendingOrders = {
  operationId: 'listPendingOrders',
  method: 'GET',
  path: '/pending-orders',
  summary: 'Orders that have not ended, of all customers, newest first',
  callers: ['gateway'],
  query: listQuery(pendingFilters),
  responses: { 200: pageOf(PendingOrder) },
} as const;

/** The longest reason that is stored. */
export const RECOVERY_ERROR_MAX = 500;

export const noteRecoveryFailure = {
  operationId: 'noteRecoveryFailure',
  method: 'PUT',
  path: '/pending-orders/:orderId/recovery-failure',
  summary: 'Keep why recovery could not end an order, for the operator',
  callers: ['gateway'],
  params: OrderParams,
  // Bounded and plain, so that the database cannot refuse the error of another service.
  body: Type.Object({ error: lineOfText(RECOVERY_ERROR_MAX) }, strict),
  responses: { 200: Order },
} as const;

/** The event of an ended order, as it lies in the outbox and on the topic. */
export const OrderEvent = Type.Object(
  {
    id: Uuid,
    topic: Type.String(),
    key: Type.String(),
    headers: Type.Array(Type.Object({ name: Type.String(), value: Type.String() }, strict)),
    value: nullable(Type.String({ description: 'JSON text, as published.' })),
    /** Null once the outbox row is past its retention. */
    createdAt: nullable(Timestamp),
    publishedAt: nullable(Timestamp),
    partition: nullable(Type.Integer({ minimum: 0 })),
    offset: nullable(Type.Integer({ minimum: 0 })),
  },
  strict,
);
export type OrderEvent = Static<typeof OrderEvent>;

export const getOrderHistory = {
  operationId: 'getOrderHistory',
  method: 'GET',
  path: '/orders/:orderId/history',
  summary: 'One order with its event and what recovery did, for its journey',
  callers: ['gateway'],
  params: OrderParams,
  /** Without a customer: any order, for the operator. */
  query: Type.Object({ customerId: Type.Optional(CustomerId) }, strict),
  responses: {
    200: Type.Object(
      {
        order: Order,
        recovery: OrderRecovery,
        event: Type.Union([OrderEvent, Type.Null()]),
      },
      strict,
    ),
  },
} as const;

const Count = Type.Integer({ minimum: 0 });

/** How many orders there are and how many wait, for the operator's overview. */
export const OrdersOverview = Type.Object(
  {
    /** Of the latest orders, so that the count stays cheap however many there are. */
    latest: Type.Object(
      { counted: Count, max: Count, pending: Count, paid: Count, cancelled: Count },
      strict,
    ),
    /** Per second, over the last ten seconds. */
    rates: Type.Object(
      {
        placed: Type.Number({ minimum: 0 }),
        paid: Type.Number({ minimum: 0 }),
        cancelled: Type.Number({ minimum: 0 }),
      },
      strict,
    ),
    /** Up to `latest.max` of them: those that recovery takes first. */
    pending: Type.Object(
      {
        total: Count,
        oldestMs: Count,
        byAge: Type.Array(
          Type.Object(
            {
              fromMs: Count,
              /** Null: and older. */
              toMs: nullable(Count),
              count: Count,
            },
            strict,
          ),
        ),
      },
      strict,
    ),
    /**
     * The oldest events, up to `latest.max`. Null where something else than our relay publishes
     * the outbox.
     */
    outbox: Type.Union([Type.Object({ unpublished: Count, oldestMs: Count }, strict), Type.Null()]),
  },
  strict,
);
export type OrdersOverview = Static<typeof OrdersOverview>;

export const getOrdersOverview = {
  operationId: 'getOrdersOverview',
  method: 'GET',
  path: '/overview',
  summary: 'Orders by status, what is pending and for how long, the outbox backlog',
  callers: ['gateway'],
  query: NoQuery,
  responses: { 200: OrdersOverview },
} as const;

/** An order and its event as the check of the books compares them. */
export const AuditedOrder = Type.Object(
  {
    id: Uuid,
    customerId: CustomerId,
    status: OrderStatus,
    statusReason: nullable(CancelReason),
    total: Money,
    operationId: nullable(Uuid),
    /** Null exactly while the order is Pending. */
    eventId: nullable(Uuid),
    /** `handed-over`: something else than our relay publishes it, and nobody tells us when. */
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
    /** Where the event lies, while it is kept. */
    position: nullable(
      Type.Object(
        {
          topicId: Type.String(),
          partition: Type.Integer({ minimum: 0 }),
          offset: Type.Integer({ minimum: 0 }),
        },
        strict,
      ),
    ),
  },
  strict,
);
export type AuditedOrder = Static<typeof AuditedOrder>;

export const auditOrders = {
  operationId: 'auditOrders',
  method: 'GET',
  path: '/audit/orders',
  summary: 'Orders with their events, in the order of their ids, after the one named',
  callers: ['gateway'],
  query: auditQuery({ after: Type.Optional(Uuid) }),
  responses: { 200: Type.Object({ data: Type.Array(AuditedOrder) }, strict) },
} as const;

export const auditEvents = {
  operationId: 'auditEvents',
  method: 'GET',
  path: '/audit/events',
  summary: 'Looks through a part of the outbox for events that belong to no ended order',
  callers: ['gateway'],
  query: auditQuery({ after: Type.Optional(Uuid) }),
  responses: { 200: auditOf(Uuid) },
} as const;

export const publishEventAgain = {
  operationId: 'publishEventAgain',
  method: 'POST',
  path: '/orders/:orderId/event/repair',
  summary: 'Put the event of an ended order into the outbox again, with the same id and content',
  callers: ['gateway'],
  params: OrderParams,
  body: Type.Object(repairAuthor, strict),
  responses: { 200: RepairResult },
  problems: [repairProblems.repairRefused],
} as const;

export const listOrderRepairs = { ...repairList, operationId: 'listOrderRepairs' } as const;
