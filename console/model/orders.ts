import type { CallOptions } from '#client/client.ts';
import type { WalletOperation } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import type { PublicOrder } from '#contracts/gateway.ts';
import type { OrderContent } from '#contracts/orders.ts';
import { type Api, ApiProblem, STEADILY } from './api.ts';

export interface PageOf<T> {
  data: T[];
  nextCursor: string | null;
}

/** How one request of an attempt is sent. */
export type Delivery = Pick<CallOptions, 'key' | 'sentBefore' | 'until' | 'onRepeat'>;

/**
 * Places and pays an order; repeats until its outcome is known.
 * @returns the order: Paid, Cancelled, or Pending
 * @throws ApiProblem when there is no order, or the outcome is unknown
 */
export async function placeOrder(
  api: Api,
  content: OrderContent,
  delivery: Delivery,
): Promise<PublicOrder> {
  try {
    return (await api.call('placeOrder', { ...STEADILY, ...delivery, body: content })).body;
  } catch (error) {
    // With 406 and 409 the order exists and is cancelled.
    const order = error instanceof ApiProblem && !error.open && error.body.order;
    if (order) return order as PublicOrder;
    throw error;
  }
}

/** The content of an order, without the members that the system adds. */
export function contentOf(order: PublicOrder): OrderContent {
  const { id, customerId, status, statusLabel, statusReason, ...rest } = order;
  const { total, payment, version, createdAt, updatedAt, ...content } = rest;
  return content;
}

/**
 * Tops up a wallet; repeats until the outcome is known.
 * @param customerId null for the own wallet, else the operator's operation
 * @throws ApiProblem when it was refused, or the outcome is unknown
 */
export async function topUpWallet(
  api: Api,
  customerId: string | null,
  amount: Money,
  delivery: Delivery,
): Promise<WalletOperation> {
  const request = { ...STEADILY, ...delivery, body: { amount } };
  const answer =
    customerId === null
      ? await api.call('topUp', request)
      : await api.call('operatorTopUp', { ...request, params: { customerId } });
  return answer.body;
}
