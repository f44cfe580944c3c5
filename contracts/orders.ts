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
  strictObject,
  Timestamp,
  Uuid,
  visibleLine,
} from './common.ts';
import { internal, operation, problem } from './operation.ts';
import { VISIBLE_TEXT } from './patterns.ts';

export const OrderItem = strictObject({
  name: lineOfText(ITEM_NAME_MAX),
  sku: Type.Optional(lineOfText(ITEM_NAME_MAX)),
  quantity: Type.Integer({ minimum: 1, maximum: QUANTITY_MAX }),
  unitPrice: moneyBetween(0, AMOUNT_MAX),
});
export type OrderItem = Static<typeof OrderItem>;

/** An item as people enter it: former versions took blank texts, which stored orders have. */
export const NewOrderItem = strictObject({
  ...OrderItem.properties,
  name: visibleLine(ITEM_NAME_MAX),
  sku: Type.Optional(visibleLine(ITEM_NAME_MAX)),
});

export const OrderItems = Type.Array(OrderItem, { minItems: 1, maxItems: ITEMS_MAX });

/**
 * The content of an order. A field that is added here reaches the public API, the stored order and
 * the hash of its idempotency key; the event names its own fields (order-update-message.ts).
 */
export const orderContent = { items: OrderItems };
export type OrderContent = Static<TObject<typeof orderContent>>;
/** The same as people enter it. */
export const newOrderContent = {
  ...orderContent,
  items: Type.Array(NewOrderItem, { minItems: 1, maxItems: ITEMS_MAX }),
};

const VISIBLE = new RegExp(VISIBLE_TEXT, 'u');

/**
 * The violations of items whose texts have no visible character. Only a repetition of an order that
 * a former version stored may have them.
 */
export function blankTextsOf(items: readonly Pick<OrderItem, 'name' | 'sku'>[]) {
  return items.flatMap((item, index) =>
    (['name', 'sku'] as const)
      .filter((member) => typeof item?.[member] === 'string' && !VISIBLE.test(item[member]))
      .map((member) => ({
        pointer: `/items/${index}/${member}`,
        rule: 'pattern',
        expected: VISIBLE_TEXT,
      })),
  );
}

export const OrderStatus = choice('Pending', 'Paid', 'Cancelled');
export type OrderStatus = Static<typeof OrderStatus>;

/** Why an order was cancelled: `voided` means that recovery closed it before a payment. */
export const CancelReason = choice('insufficient-funds', 'voided');
export type CancelReason = Static<typeof CancelReason>;

export const Order = strictObject({
  id: Uuid,
  customerId: CustomerId,
  status: OrderStatus,
  statusReason: nullable(CancelReason),
  ...orderContent,
  total: Money,
  payment: nullable(strictObject({ operationId: Uuid })),
  version: Type.Integer({ minimum: 1 }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Order = Static<typeof Order>;

/** Billing's decision, as orders records it. */
export const PaymentRecord = Type.Union([
  strictObject({ decision: Type.Literal('captured'), operationId: Uuid }),
  strictObject({ decision: choice('declined', 'voided') }),
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

/** Most items of one order in `lookUpItems`: letters show no more. */
export const ITEMS_LOOKED_UP_MAX = 20;
// Their items take a megabyte at most.
const ORDERS_LOOKED_UP_MAX = 50;

export const orderProblems = {
  keyReused: problem('idempotency-key-reused', 'mismatch', {
    ru: [
      'Ключ уже использован',
      'С этим Idempotency-Key был отправлен другой запрос. Возьмите новый ключ.',
    ],
    en: [
      'Idempotency key reused',
      'This Idempotency-Key was sent with another request. Use a new key.',
    ],
  }),
  paymentContradicted: problem('payment-contradicted', 'conflict', {
    ru: ['Противоречие оплаты', 'Заказ уже завершён с другим решением.'],
    en: ['Payment contradicted', 'The order has ended with another decision.'],
  }),
} as const;

export const createOrder = internal('createOrder', 'POST /orders', {
  summary: 'Store a Pending order; the same key and content answer the stored one',
  batchable: true,
  body: strictObject({ customerId: CustomerId, idempotencyKey: IdempotencyKey, ...orderContent }),
  responses: { 200: Order, 201: Order },
  problems: [orderProblems.keyReused],
});

export const recordPayment = internal('recordPayment', 'PUT /orders/:orderId/payment', {
  summary: 'Record the payment decision: Pending becomes Paid or Cancelled, once',
  batchable: true,
  params: OrderParams,
  body: PaymentRecord,
  responses: { 200: Order },
  problems: [orderProblems.paymentContradicted],
});

export const getOrder = internal('getOrder', 'GET /orders/:orderId', {
  summary: 'One order of the customer',
  params: OrderParams,
  query: strictObject({ customerId: CustomerId }),
  responses: { 200: Order },
});

export const listOrders = internal('listOrders', 'GET /orders', {
  summary: "The customer's orders, newest first",
  query: listQuery({ customerId: CustomerId, status: Type.Optional(OrderStatus) }),
  responses: { 200: pageOf(Order) },
});

export const claimPendingOrders = internal('claimPendingOrders', 'POST /pending-orders/claims', {
  summary: 'Lease orders that have been Pending for long, least recently tried first',
  query: NoQuery,
  body: strictObject({
    olderThanMs: Type.Integer({ minimum: 0, maximum: 86_400_000 }),
    leaseMs: Type.Integer({ minimum: 1, maximum: 3_600_000 }),
    limit: Type.Integer({ minimum: 1, maximum: 100 }),
  }),
  responses: { 200: strictObject({ data: Type.Array(Order) }) },
});

export const lookUpItems = operation('lookUpItems', 'POST /items/look-up', {
  summary: 'The first items of several orders; unknown orders are left out',
  callers: ['notifications'],
  body: strictObject({
    orderIds: Type.Array(Uuid, { minItems: 1, maxItems: ORDERS_LOOKED_UP_MAX }),
  }),
  responses: {
    200: strictObject({
      data: Type.Array(
        strictObject({
          orderId: Uuid,
          first: Type.Array(OrderItem, { maxItems: ITEMS_LOOKED_UP_MAX }),
          count: Type.Integer({ minimum: 1, description: 'Items of the order.' }),
        }),
      ),
    }),
  },
});
