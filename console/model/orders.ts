import type { WalletOperation } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import type { PublicOrder } from '#contracts/gateway.ts';
import type { OrderItem } from '#contracts/orders.ts';
import { type Api, ApiProblem } from './api.ts';

export interface PageOf<T> {
  data: T[];
  nextCursor: string | null;
}

const WAITS_MS = [300, 700, 1_500, 3_000];
// What answers in place of the API may do so for hours: then people decide.
const FOREIGN_REPEATS = 2;
// Longer than that people are asked rather than kept waiting.
const RETRY_AFTER_MAX_MS = 30_000;

/**
 * Asks again while nobody answers or the answer says that it may help, for as long as the page is
 * open; where something else answers in place of the API, only a few times. For reads and for
 * requests with an idempotency key.
 * @param stop.signal the page was left
 * @param stop.onRepeat called before each repeat
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
 * Orders, and pays.
 * @returns the order: Paid, Cancelled, or Pending where its page has to wait for the outcome
 * @throws ApiProblem when no order came of it, or nobody knows
 */
export async function placeOrder(
  api: Api,
  order: { items: OrderItem[]; key: string },
): Promise<PublicOrder> {
  try {
    const answer = await api.send<PublicOrder>('POST', '/v1/orders', {
      body: { items: order.items },
      headers: { 'idempotency-key': order.key },
    });
    return answer.body;
  } catch (error) {
    // 406 and 409 are answers, too: the order exists and was cancelled.
    if (error instanceof ApiProblem && error.end === 'decided' && error.body.order) {
      return error.body.order as PublicOrder;
    }
    throw error;
  }
}

/**
 * Adds money to a wallet: the own one or, by the operator's path, another.
 * @throws ApiProblem when it was not done, or nobody knows
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
