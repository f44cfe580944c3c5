/** When orders begin. */
export interface Plan {
  /** @param wake called when an order may have come due */
  start(now: number, wake: () => void): void;
  /**
   * Asks for the next order.
   * @returns the moment from which its time counts; undefined when none is due
   */
  next(now: number): number | undefined;
  /** No order will come any more. */
  isOver(): boolean;
  /** From now on none does, and no time is looked at. */
  stop(): void;
}

export interface PlanOptions {
  seconds: number;
  ordersMax?: number;
  ordersPerS?: number;
}

// What timers can do. An order may so begin up to a millisecond late, which counts as its time.
const TICK_MS = 1;

/** Orders as fast as they are answered, or at a fixed rate (`ordersPerS`). */
export function createPlan(options: PlanOptions): Plan {
  return options.ordersPerS === undefined
    ? closedPlan(options)
    : openPlan({ ...options, ordersPerS: options.ordersPerS });
}

function closedPlan({ seconds, ordersMax = Number.POSITIVE_INFINITY }: PlanOptions): Plan {
  let end = 0;
  let begun = 0;
  let over = false;
  return {
    start(now) {
      end = now + seconds * 1_000;
    },
    next(now) {
      over ||= now >= end || begun >= ordersMax;
      if (over) return undefined;
      begun++;
      return now;
    },
    isOver: () => over,
    stop() {
      over = true;
    },
  };
}

function openPlan(options: PlanOptions & { ordersPerS: number }): Plan {
  const { seconds, ordersPerS, ordersMax = Number.POSITIVE_INFINITY } = options;
  // An order that comes due is placed, however late: left out, a stall would look like a rest.
  let all = Math.min(Math.floor(seconds * ordersPerS), ordersMax);
  let start = 0;
  let begun = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    start(now, wake) {
      start = now;
      timer = setInterval(wake, TICK_MS);
    },
    next(now) {
      const due = start + (begun * 1_000) / ordersPerS;
      if (begun >= all || due > now) return undefined;
      begun++;
      return due;
    },
    isOver: () => begun >= all,
    stop() {
      all = begun;
      clearInterval(timer);
    },
  };
}
