/** What a load came to, letters included. */
export interface Throughput {
  orders: number;
  /** From the first request to the last answer. */
  loadSeconds: number;
  /** From the last answer to the last letter. */
  drainSeconds: number;
}

// A queue of a moment is no backlog; a longer one means that letters are slower than orders.
export const DRAIN_FREE_S = 2;

/**
 * Orders in a second, letters included: while the load ran, where the letters that were left at its
 * end took no more than 2 s; otherwise from the first request to the last letter.
 */
export function withLetters({ orders, loadSeconds, drainSeconds }: Throughput): number {
  return orders / (drainSeconds <= DRAIN_FREE_S ? loadSeconds : loadSeconds + drainSeconds);
}
