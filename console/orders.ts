import type { PublicOrder } from '#contracts/gateway.ts';
import type { OrderItem } from '#contracts/orders.ts';
import { type Api, type ApiAnswer, ApiProblem } from './api.ts';

export interface PageOf<T> {
  data: T[];
  nextCursor: string | null;
}

const WAITS_MS = [300, 700, 1_500, 3_000];

/**
 * Asks again while nobody answers or the answer says that it may help, for as long as the page is
 * open. For requests with an idempotency key only.
 * @param stop.signal the page was left
 * @param stop.onRepeat called before each repeat
 * @throws ApiProblem that is final
 */
export async function repeatedly<T>(
  ask: () => Promise<ApiAnswer<T>>,
  { signal, onRepeat }: { signal?: AbortSignal; onRepeat?: () => void } = {},
): Promise<ApiAnswer<T>> {
  for (let round = 0; ; round++) {
    signal?.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiProblem && error.retryable)) throw error;
      onRepeat?.();
      const ms = error.retryAfterMs ?? WAITS_MS[Math.min(round, WAITS_MS.length - 1)] ?? 0;
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }
}

/**
 * Orders, and pays. Repeats with the same key until it is known what became of it, so that nothing
 * is ordered twice, whatever happens on the way.
 * @returns the order: Paid, Cancelled, or Pending where its page has to wait for the outcome
 */
export async function placeOrder(
  api: Api,
  order: { items: OrderItem[]; key: string },
  options: { signal: AbortSignal; onRepeat: () => void },
): Promise<PublicOrder> {
  try {
    const answer = await repeatedly(
      () =>
        api.send<PublicOrder>('POST', '/v1/orders', {
          body: { items: order.items },
          headers: { 'idempotency-key': order.key },
        }),
      options,
    );
    return answer.body;
  } catch (error) {
    // 406 and 409 are answers, too: the order exists and was cancelled.
    const told = error instanceof ApiProblem ? (error.body.order as PublicOrder | undefined) : null;
    if (told) return told;
    throw error;
  }
}
