import type { Overview } from '#contracts/operator.ts';

/** How urgent a figure is: `quiet` needs no attention. */
export type Urgency = 'quiet' | 'wait' | 'bad';

// Recovery and the relay start within seconds. Older work is late; beyond the second limit it does
// not recover by itself.
const LATE_MS = 10_000;
const STUCK_MS = 60_000;
// Longer, because a mail server may ask for a later attempt (greylisting).
const LETTER_LATE_MS = 60_000;
const LETTER_STUCK_MS = 10 * 60_000;
// A few seconds of work at a usual rate.
const LAG_LATE = 1_000;

/** By the age of the oldest waiting item; 0 if none waits. */
function byAge(oldestMs: number, lateMs: number, stuckMs: number): Urgency {
  if (oldestMs >= stuckMs) return 'bad';
  return oldestMs >= lateMs ? 'wait' : 'quiet';
}

/** The urgency of each figure of the overview. */
export function urgencies({ orders, notifications }: Overview): {
  pending: Urgency;
  outbox: Urgency;
  lag: Urgency;
  waiting: Urgency;
  failed: Urgency;
  deadLetters: Urgency;
} {
  const lag = notifications && lagOf(notifications);
  return {
    pending: byAge(orders?.pending.oldestMs ?? 0, LATE_MS, STUCK_MS),
    outbox: byAge(orders?.outbox?.oldestMs ?? 0, LATE_MS, STUCK_MS),
    // Without a broker nothing is consumed, so the lag is at least late.
    lag: notifications !== null && (lag === null || lag >= LAG_LATE) ? 'wait' : 'quiet',
    waiting: byAge(notifications?.oldestWaitingMs ?? 0, LETTER_LATE_MS, LETTER_STUCK_MS),
    failed: notifications !== null && undecidedOf(notifications) > 0 ? 'bad' : 'quiet',
    deadLetters: (notifications?.deadLetters ?? 0) > 0 ? 'bad' : 'quiet',
  };
}

/** Failed letters that wait for an operator: replicas of an older version cannot acknowledge any. */
export function undecidedOf({ letters, unacknowledged }: NonNullable<Overview['notifications']>) {
  return unacknowledged ?? letters.failed;
}

/** The consumer lag of all partitions; null without a broker. */
export function lagOf({ lag }: NonNullable<Overview['notifications']>): number | null {
  return lag?.reduce((sum, partition) => sum + partition.lag, 0) ?? null;
}

/** Letters that wait or are being sent. Each part is counted up to `max`. */
export function waitingOf({ letters }: NonNullable<Overview['notifications']>): {
  count: number;
  capped: boolean;
} {
  const { max, queued, sending } = letters;
  return { count: queued + sending, capped: queued >= max || sending >= max };
}

/** A part of the overview as it was known last. */
export interface Known<T> {
  value: T;
  /** When it was read (RFC 3339). */
  at: string;
  /** Whether its service did not answer since. */
  stale: boolean;
}
export interface KnownParts {
  orders: Known<NonNullable<Overview['orders']>> | null;
  notifications: Known<NonNullable<Overview['notifications']>> | null;
}

export const NOTHING_KNOWN: KnownParts = { orders: null, notifications: null };

/** The parts of an overview; a part that is away keeps its last known figures. */
export function knownWith(last: KnownParts, { at, orders, notifications }: Overview): KnownParts {
  const part = <T>(value: T | null, former: Known<T> | null): Known<T> | null =>
    value === null ? former && { ...former, stale: true } : { value, at, stale: false };
  return {
    orders: part(orders, last.orders),
    notifications: part(notifications, last.notifications),
  };
}
