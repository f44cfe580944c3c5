import type { Overview } from '#contracts/operator.ts';

/** How urgent a figure is: `quiet` needs nobody. */
export type Urgency = 'quiet' | 'wait' | 'bad';

// Recovery and the relay begin within seconds; what is older than this did not work at once, and
// what is older than the second moment does not get better by itself.
const LATE_MS = 10_000;
const STUCK_MS = 60_000;
// A letter may meet a mail server that asks to come back later.
const LETTER_LATE_MS = 60_000;
const LETTER_STUCK_MS = 10 * 60_000;
// Some seconds of work at a common pace.
const LAG_LATE = 1_000;

/** By the age of the oldest that waits; 0 where nothing does. */
function byAge(oldestMs: number, lateMs: number, stuckMs: number): Urgency {
  if (oldestMs >= stuckMs) return 'bad';
  return oldestMs >= lateMs ? 'wait' : 'quiet';
}

/** What of the overview asks for somebody. */
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
    // Without a broker nothing is read, so it is as urgent as what cannot be published.
    lag: notifications !== null && (lag === null || lag >= LAG_LATE) ? 'wait' : 'quiet',
    waiting: byAge(notifications?.oldestWaitingMs ?? 0, LETTER_LATE_MS, LETTER_STUCK_MS),
    failed: (notifications?.letters.failed ?? 0) > 0 ? 'bad' : 'quiet',
    deadLetters: (notifications?.deadLetters ?? 0) > 0 ? 'bad' : 'quiet',
  };
}

/** Messages that no consumer has read yet, of all partitions; null where the broker is away. */
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
