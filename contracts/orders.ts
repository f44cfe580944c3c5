import { type Static, type TObject, Type } from 'typebox';
import { ITEM_NAME_MAX, ITEMS_MAX, QUANTITY_MAX } from './amounts.ts';
import {
  AMOUNT_MAX,
  CustomerId,
  choice,
  IdempotencyKey,
  lineOfText,
  listQuery,
  Money,
  moneyBetween,
  NoQuery,
  nullable,
  OrderParams,
  pageOf,
  strict,
  Timestamp,
  Uuid,
} from './common.ts';

export const OrderItem = Type.Object(
  {
    name: lineOfText(ITEM_NAME_MAX),
    sku: Type.Optional(lineOfText(ITEM_NAME_MAX)),
    quantity: Type.Integer({ minimum: 1, maximum: QUANTITY_MAX }),
    unitPrice: moneyBetween(0, AMOUNT_MAX),
  },
  strict,
);
export type OrderItem = Static<typeof OrderItem>;

export const OrderItems = Type.Array(OrderItem, { minItems: 1, maxItems: ITEMS_MAX });

/**
 * What a customer orders. A field that is added here reaches the public API, the stored order and
 * the hash of its idempotency key; the event names its own fields (order-update-message.ts).
 */
export const orderContent = { items: OrderItems };
export type OrderContent = Static<TObject<typeof orderContent>>;

export const OrderStatus = choice('Pending', 'Paid', 'Cancelled');
export type OrderStatus = Static<typeof OrderStatus>;

/** Why an order was cancelled: `voided` means that recovery closed it before a payment. */
export const CancelReason = choice('insufficient-funds', 'voided');
export type CancelReason = Static<typeof CancelReason>;

export const Order = Type.Object(
  {
    id: Uuid,
    customerId: CustomerId,
    status: OrderStatus,
    statusReason: nullable(CancelReason),
    ...orderContent,
    total: Money,
    payment: nullable(Type.Object({ operationId: Uuid }, strict)),
    version: Type.Integer({ minimum: 1 }),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  strict,
);
export type Order = Static<typeof Order>;

/** What billing decided, as orders records it. */
export const PaymentRecord = Type.Union([
  Type.Object({ decision: Type.Literal('captured'), operationId: Uuid }, strict),
  Type.Object({ decision: choice('declined', 'voided') }, strict),
]);
export type PaymentRecord = Static<typeof PaymentRecord>;

/**
 * The sum of the items, or null when it leaves 1 to 10^15. Exact: every product is checked before
 * it is added, so no intermediate value passes 2^53.
 */
export function totalOf(items: OrderItem[]): number | null {
  let total = 0;
  for (const { quantity, unitPrice } of items) {
    const line = quantity * unitPrice.amount;
    if (line > AMOUNT_MAX) return null;
    total += line;
    if (total > AMOUNT_MAX) return null;
  }
  return total >= 1 ? total : null;
}

export const orderProblems = {
  keyReused: {
    code: 'idempotency-key-reused',
    kind: 'mismatch',
    ru: {
      title: 'Ключ уже использован',
      detail: 'С этим Idempotency-Key был отправлен другой запрос. Возьмите новый ключ.',
    },
    en: {
      title: 'Idempotency key reused',
      detail: 'This Idempotency-Key was sent with another request. Use a new key.',
    },
  },
  paymentContradicted: {
    code: 'payment-contradicted',
    kind: 'conflict',
    ru: { title: 'Противоречие оплаты', detail: 'Заказ уже завершён с другим решением.' },
    en: { title: 'Payment contradicted', detail: 'The order has ended with another decision.' },
  },
} as const;

export const createOrder = {
  operationId: 'createOrder',
  method: 'POST',
  path: '/orders',
  summary: 'Store a Pending order; the same key and content answer the stored one',
  callers: ['gateway'],
  batchable: true,
  body: Type.Object(
    { customerId: CustomerId, idempotencyKey: IdempotencyKey, ...orderContent },
    strict,
  ),
  responses: { 200: Order, 201: Order },
  problems: [orderProblems.keyReused],
} as const;

export const recordPayment = {
  operationId: 'recordPayment',
  method: 'PUT',
  path: '/orders/:orderId/payment',
  summary: 'Record the payment decision: Pending becomes Paid or Cancelled, once',
  callers: ['gateway'],
  batchable: true,
  params: OrderParams,
  body: PaymentRecord,
  responses: { 200: Order },
  problems: [orderProblems.paymentContradicted],
} as const;

export const getOrder = {
  operationId: 'getOrder',
  method: 'GET',
  path: '/orders/:orderId',
  summary: 'One order of the customer',
  callers: ['gateway'],
  params: OrderParams,
  query: Type.Object({ customerId: CustomerId }, strict),
  responses: { 200: Order },
} as const;

export const listOrders = {
  operationId: 'listOrders',
  method: 'GET',
  path: '/orders',
  summary: "The customer's orders, newest first",
  callers: ['gateway'],
  query: listQuery({ customerId: CustomerId, status: Type.Optional(OrderStatus) }),
  responses: { 200: pageOf(Order) },
} as const;

export const claimPendingOrders = {
  operationId: 'claimPendingOrders',
  method: 'POST',
  path: '/pending-orders/claims',
  summary: 'Lease orders that have been Pending for long, least recently tried first',
  callers: ['gateway'],
  query: NoQuery,
  body: Type.Object(
    {
      olderThanMs: Type.Integer({ minimum: 0, maximum: 86_400_000 }),
      leaseMs: Type.Integer({ minimum: 1, maximum: 3_600_000 }),
      limit: Type.Integer({ minimum: 1, maximum: 100 }),
    },
    strict,
  ),
  responses: { 200: Type.Object({ data: Type.Array(Order) }, strict) },
} as const;
