import type { Journey } from '#contracts/gateway.ts';
import type { Delivery } from '#contracts/notifications.ts';
import type { JourneyRecords } from './journey.ts';

/** The times by which the gateway knows who acts next. */
export interface JourneyTimes {
  /** Compared with moments of databases: a wrong clock shows the wrong one of two next steps. */
  now: Date;
  /** How long the request of an order goes on. */
  orderDeadlineMs: number;
  /** When recovery takes an order that the request has left. */
  recoveryAgeMs: number;
}

type Ending = NonNullable<Journey['ending']>;
type Next = NonNullable<Journey['next']>;

/** How the journey of an ended order ends. A Pending order has the delivery of no event: `open`. */
export function endingOf({ letter, deadLetter, expired, acknowledged }: Delivery): Ending {
  if (letter?.state === 'sent') return 'delivered';
  if (letter?.state === 'failed') return acknowledged === true ? 'discarded' : 'failed';
  if (letter !== null) return 'open';
  if (deadLetter?.state === 'dead') return 'failed';
  if (deadLetter?.state === 'discarded') return 'discarded';
  return expired === true ? 'expired' : 'open';
}

/** What happens next by itself, null where nothing does; undefined where nobody knows. */
export function nextOf(records: JourneyRecords, times: JourneyTimes): Next | null | undefined {
  const { order, event, delivery } = records;
  if (order.status === 'Pending') return nextOfPending(records, times);
  const published = event === null || event.publishedAt !== null || event.createdAt === null;
  if (delivery === 'unavailable') return published ? undefined : { kind: 'publish', at: null };
  if (endingOf(delivery) !== 'open') return null;
  const { letter, deadLetter, nextAttemptAt = null } = delivery;
  if (letter === null) {
    return { kind: published || deadLetter !== null ? 'receive' : 'publish', at: null };
  }
  if (letter.waitsFor !== undefined) return { kind: 'confirm', at: null };
  return { kind: 'send', at: inFuture(nextAttemptAt, times) };
}

/** Its request decides and records; where that has gone, recovery does. */
function nextOfPending({ order, payment }: JourneyRecords, times: JourneyTimes): Next {
  const createdMs = Date.parse(order.createdAt);
  if (times.now.getTime() < createdMs + times.orderDeadlineMs) {
    const decided = payment !== null && payment !== 'unavailable';
    return { kind: decided ? 'record' : 'decide', at: null };
  }
  const at = new Date(createdMs + times.recoveryAgeMs).toISOString();
  return { kind: 'recover', at: inFuture(at, times) };
}

/** A moment that has passed is now. */
function inFuture(at: string | null, { now }: JourneyTimes): string | null {
  return at !== null && Date.parse(at) > now.getTime() ? at : null;
}
