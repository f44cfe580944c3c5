export type Plan = ReturnType<typeof createPlan>;

export interface PlanOptions {
  seconds: number;
  ordersMax?: number;
  ordersPerS?: number;
}

// The resolution of timers. An order may begin up to 1 ms late, which counts as its latency.
const TICK_MS = 1;

/** When orders begin: as fast as they are answered, or at a fixed rate (`ordersPerS`). */
export function createPlan(options: PlanOptions) {
  const { seconds, ordersMax = Number.POSITIVE_INFINITY, ordersPerS } = options;
  // At a fixed rate, every due order is placed, however late: skipping it would hide a stall.
  let all = ordersPerS ? Math.min(Math.floor(seconds * ordersPerS), ordersMax) : ordersMax;
  let started = 0;
  let begun = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    /** @param wake called when an order may have come due */
    start(now: number, wake: () => void): void {
      started = now;
      if (ordersPerS) timer = setInterval(wake, TICK_MS);
    },
    /**
     * Asks for the next order.
     * @returns the moment from which its time counts; undefined when none is due
     */
    next(now: number): number | undefined {
      if (!ordersPerS && now >= started + seconds * 1_000) all = begun;
      const due = ordersPerS ? started + (begun * 1_000) / ordersPerS : now;
      if (begun >= all || due > now) return undefined;
      begun++;
      return due;
    },
    /** Whether all orders of the plan were given out. */
    isOver: () => begun >= all,
    /** Ends the plan: no further order becomes due. */
    stop(): void {
      all = begun;
      clearInterval(timer);
    },
  };
}
