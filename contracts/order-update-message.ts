import { type Static, Type } from 'typebox';
import {
  AMOUNT_MAX,
  CustomerId,
  choice,
  moneyBetween,
  nullable,
  Timestamp,
  Uuid,
} from './common.ts';
import { CancelReason } from './orders.ts';

export const ORDERS_TOPIC = 'orders';
export const ORDER_UPDATE_TYPE = 'orderbell.OrderUpdateMessage.v1';
export const ORDER_UPDATE_SOURCE = '/orders';

/**
 * The event on topic `orders` (docs/reference/events.md). Changes within v1 only add: unknown
 * members are allowed, so that an old consumer reads a newer producer.
 */
export const OrderUpdateMessage = Type.Object({
  orderId: Uuid,
  customerId: CustomerId,
  version: Type.Integer({ minimum: 1 }),
  previousStatus: Type.Literal('Pending'),
  status: choice('Paid', 'Cancelled'),
  total: Type.Object(moneyBetween(1, AMOUNT_MAX).properties),
  paymentOperationId: nullable(Uuid),
  reason: nullable(CancelReason),
  occurredAt: Timestamp,
});
export type OrderUpdateMessage = Static<typeof OrderUpdateMessage>;
