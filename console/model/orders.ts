import type { WalletOperation } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import type { PublicOrder } from '#contracts/gateway.ts';
import type { OrderContent } from '#contracts/orders.ts';
import { type Api, ApiProblem } from './api.ts';

export interface PageOf<T> {
  data: T[];
  nextCursor: string | null;
}

const WAITS_MS = [300, 700, 1_500, 3_000];
// A proxy may answer for hours in place of the API; then the person decides.
const FOREIGN_REPEATS = 2;
// A longer wait is left to the person.
const RETRY_AFTER_MAX_MS = 30_000;

/**
 * Repeats a request while there is no answer or the answer allows it, until the page is left. If
 * another server answers in place of the API, it gives up after a few times. Only for reads and for
 * requests with an idempotency key.
 * @param stop.signal aborts when the page is left
 * @param stop.onRepeat called before each repetition
 * @throws ApiProblem of the last answer
 */
export async function repeatedly<T>(
  ask: () => Promise<T>,
  { signal, onRepeat }: { signal?: AbortSignal; onRepeat?: () => void } = {},
): Promise<T> {
  for (let round = 0, foreign = 0; ; round++) {
    signal?.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiProblem && error.retryable)) throw error;
      foreign = error.foreign ? foreign + 1 : 0;
      if (foreign > FOREIGN_REPEATS) throw error;
      const ms = error.retryAfterMs ?? WAITS_MS[Math.min(round, WAITS_MS.length - 1)] ?? 0;
      if (ms > RETRY_AFTER_MAX_MS) throw error;
      onRepeat?.();
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }
}

/**
 * Places and pays an order.
 * @returns the order: Paid, Cancelled, or Pending
 * @throws ApiProblem when there is no order, or the outcome is unknown
 */
export async function placeOrder(
  api: Api,
  { content, key }: { content: OrderContent; key: string },
): Promise<PublicOrder> {
  try {
    const answer = await api.send<PublicOrder>('POST', '/v1/orders', {
      body: content,
      headers: { 'idempotency-key': key },
    });
    return answer.body;
  } catch (error) {
    // With 406 and 409 the order exists and is cancelled.
    if (error instanceof ApiProblem && error.end === 'decided' && error.body.order) {
      return error.body.order as PublicOrder;
    }
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
 * Tops up a wallet.
 * @param path of the customer's or the operator's operation
 * @throws ApiProblem when it was refused, or the outcome is unknown
 */
export async function topUpWallet(
  api: Api,
  path: string,
  { amount, key }: { amount: Money; key: string },
): Promise<WalletOperation> {
  const answer = await api.send<WalletOperation>('POST', path, {
    body: { amount },
    headers: { 'idempotency-key': key },
  });
  return answer.body;
}
