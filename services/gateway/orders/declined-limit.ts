import { AppError, commonProblems } from '#platform/errors.ts';

/** Declined orders of one customer. */
interface Declined {
  /** When each key was declined, oldest first. */
  keys: Map<string, number>;
  latestAt: number;
}

const WINDOW_MS = 60_000;
// With keys of 255 characters these take 30 MB, and no gateway declines as many within a minute.
const DECLINES_MAX = 100_000;

/**
 * Limits the declined orders of one customer within a sliding minute, in this process. Each of them
 * costs rows and a letter, but no money. Orders at work at the same time may exceed it.
 * @param options.nowMs a monotonic clock
 */
export function createDeclinedLimit(options: {
  perMinute: number;
  declinesMax?: number;
  nowMs?: () => number;
}) {
  const { perMinute, declinesMax = DECLINES_MAX, nowMs = () => performance.now() } = options;
  /** The customer of the latest decline is last. */
  const customers = new Map<string, Declined>();
  let total = 0;

  function forgetOld(now: number): void {
    for (const [customerId, { keys, latestAt }] of customers) {
      if (latestAt > now - WINDOW_MS && total <= declinesMax) return;
      total -= keys.size;
      customers.delete(customerId);
    }
  }

  /** The customer's declines within the last minute. */
  function recentOf(customerId: string, now: number): Declined | undefined {
    const declined = customers.get(customerId);
    if (declined === undefined) return undefined;
    for (const [key, at] of declined.keys) {
      if (at > now - WINDOW_MS) break;
      declined.keys.delete(key);
      total -= 1;
    }
    return declined;
  }

  return {
    /**
     * Refuses an order before anything is stored. The key of an order that was declined within the
     * minute is let through: its answer is stored.
     * @throws AppError 429
     */
    check(customerId: string, idempotencyKey: string): void {
      const now = nowMs();
      const keys = recentOf(customerId, now)?.keys;
      if (keys === undefined || keys.size < perMinute || keys.has(idempotencyKey)) return;
      const [oldest = now] = keys.values();
      const waitS = Math.max(1, Math.ceil((oldest + WINDOW_MS - now) / 1000));
      throw new AppError(commonProblems.tooMany, 'too many declined orders within a minute', {
        headers: { 'retry-after': String(waitS) },
      });
    },
    /** Counts a declined order; a repetition of it counts once. */
    count(customerId: string, idempotencyKey: string): void {
      const now = nowMs();
      const keys = recentOf(customerId, now)?.keys ?? new Map<string, number>();
      if (!keys.has(idempotencyKey)) {
        keys.set(idempotencyKey, now);
        total += 1;
      }
      customers.delete(customerId);
      customers.set(customerId, { keys, latestAt: now });
      forgetOld(now);
    },
    /** Declines that are remembered. */
    size: () => total,
  };
}
