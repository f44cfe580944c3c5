import type { Journey } from '#contracts/gateway.ts';
import type { JourneyDeadLetter, JourneyPayment, JourneyStep } from '#contracts/journey.ts';
import type { Delivery } from '#contracts/notifications.ts';
import type { Order, OrderEvent, OrderRecovery } from '#contracts/orders.ts';
import { letterSteps } from './letter-steps.ts';

/** What the services recorded of one order. */
export interface JourneyFacts {
  order: Order;
  recovery: OrderRecovery;
  /** Null while the order is Pending. */
  event: OrderEvent | null;
  /** Null while nothing is decided. */
  payment: JourneyPayment | null | 'unavailable';
  /** What notifications knows of the event. */
  delivery: Delivery | 'unavailable';
}

/** For an event that notifications has not seen, or that does not exist yet. */
export const NOT_DELIVERED: Delivery = { received: null, letter: null, deadLetter: null };

/**
 * One order's way through the services: what each recorded, joined into steps in the order of cause
 * and effect. A service that did not answer is named, and its steps are missing.
 */
export function journeyOf(facts: JourneyFacts): Omit<Journey, 'order'> {
  const { recovery, event, payment, delivery } = facts;
  const known = delivery === 'unavailable' ? NOT_DELIVERED : delivery;
  return {
    steps: [
      ...orderSteps(facts),
      ...(event === null ? [] : eventSteps(event, delivery)),
      ...(known.letter === null ? [] : letterSteps(known.letter, known.stages)),
    ],
    payment: payment === 'unavailable' ? null : payment,
    recovery,
    event: event && placed(event, known),
    letter: known.letter,
    deadLetter: known.deadLetter && shownOf(known.deadLetter),
    complete: hasEnded(known),
    unavailable: [
      ...(payment === 'unavailable' ? (['billing'] as const) : []),
      ...(delivery === 'unavailable' ? (['notifications'] as const) : []),
    ],
  };
}

/** While the customer waits: from the request to its answer. */
function orderSteps(facts: JourneyFacts): JourneyStep[] {
  const { order, recovery, payment } = facts;
  const recover = recoverStep(facts);
  const decidedAt = payment === null || payment === 'unavailable' ? null : payment.decidedAt;
  // The two are of two databases. That recovery voided an order says more than their clocks.
  const voided = payment !== null && payment !== 'unavailable' && payment.decision === 'voided';
  const recoverFirst = decidedAt === null || voided || (recovery.triedAt ?? '') <= decidedAt;
  return [
    { kind: 'request', from: 'client', to: 'gateway', ...NOT_RECORDED },
    { kind: 'create', from: 'gateway', to: 'orders', ...DONE, at: order.createdAt },
    ...(recoverFirst ? recover : []),
    ...decideStep(payment),
    ...(recoverFirst ? [] : recover),
    ...recordAndAnswer(facts),
  ];
}

const DONE = { outcome: 'done', detail: null, attempt: null } as const;
const NOT_RECORDED = { ...DONE, at: null } as const;
const WAITING = { ...NOT_RECORDED, outcome: 'waiting' } as const;

/** The last time that recovery tried the order. */
function recoverStep({ order, recovery }: JourneyFacts): JourneyStep[] {
  if (recovery.attempts === 0) return [];
  const step = { kind: 'recover', from: 'gateway', to: 'gateway', ...DONE } as const;
  const at = recovery.triedAt;
  if (order.status !== 'Pending') return [{ ...step, at }];
  // Without an error the try is under way, or who tried could not tell.
  const outcome = recovery.error === null ? 'unknown' : 'failed';
  return [{ ...step, at, outcome, detail: recovery.error }];
}

function decideStep(payment: JourneyFacts['payment']): JourneyStep[] {
  if (payment === 'unavailable') return [];
  const step = { kind: 'decide', from: 'gateway', to: 'billing' } as const;
  if (payment === null) return [{ ...step, ...WAITING }];
  const { decision, decidedAt } = payment;
  const outcome = decision === 'captured' ? 'done' : 'refused';
  return [{ ...step, ...DONE, at: decidedAt, outcome, detail: decision }];
}

function recordAndAnswer({ order, recovery, payment }: JourneyFacts): JourneyStep[] {
  const record = { kind: 'record', from: 'gateway', to: 'orders' } as const;
  if (order.status === 'Pending') {
    // One step ahead: while nothing is decided, that is the decision.
    return payment === null ? [] : [{ ...record, ...WAITING }];
  }
  const answer = { kind: 'answer', from: 'gateway', to: 'client', ...NOT_RECORDED } as const;
  return [
    { ...record, ...DONE, at: order.updatedAt, detail: order.status },
    // With recovery the request did not see the end: what it was answered is not recorded.
    recovery.attempts > 0 ? { ...answer, outcome: 'unknown' } : { ...answer, ...answerTo(order) },
  ];
}

function answerTo({ statusReason }: Order): Pick<JourneyStep, 'outcome' | 'detail'> {
  if (statusReason === null) return { outcome: 'done', detail: '201' };
  return { outcome: 'refused', detail: statusReason === 'insufficient-funds' ? '406' : '409' };
}

/** From the outbox to the inbox. */
function eventSteps(event: OrderEvent, delivery: JourneyFacts['delivery']): JourneyStep[] {
  const known = delivery === 'unavailable' ? NOT_DELIVERED : delivery;
  const publish: JourneyStep = {
    kind: 'publish',
    from: 'orders',
    to: 'broker',
    ...DONE,
    at: event.publishedAt,
    outcome: publishOutcome(event, known),
    detail: placeText(placed(event, known)),
  };
  return delivery === 'unavailable' ? [publish] : [publish, receiveStep(delivery)];
}

function publishOutcome(event: OrderEvent, known: Delivery): JourneyStep['outcome'] {
  const arrived = known.received !== null || known.deadLetter !== null;
  // Who was told of it by the broker needs no mark of the relay.
  if (event.publishedAt !== null || arrived) return 'done';
  // Past its retention a row is gone, and its mark with it.
  return event.createdAt === null ? 'unknown' : 'waiting';
}

function receiveStep({ received, deadLetter }: Delivery): JourneyStep {
  const step = { kind: 'receive', from: 'broker', to: 'notifications' } as const;
  if (received !== null) return { ...step, ...DONE, at: received.at, detail: placeText(received) };
  if (deadLetter === null) return { ...step, ...WAITING };
  const { createdAt: at, error: detail } = deadLetter;
  return { ...step, ...DONE, at, outcome: 'failed', detail };
}

/** The event with its place on the topic, told by who received it where orders knows it no more. */
function placed(event: OrderEvent, { received, deadLetter }: Delivery): OrderEvent {
  const place = received ?? deadLetter;
  if (place === null || event.partition !== null) return event;
  return { ...event, partition: place.partition, offset: place.offset };
}

function placeText({ partition, offset }: Pick<OrderEvent, 'partition' | 'offset'>): string | null {
  return partition === null || offset === null ? null : `${partition}/${offset}`;
}

function shownOf({ id, state, error, createdAt }: JourneyDeadLetter): JourneyDeadLetter {
  return { id, state, error, createdAt };
}

/** Only an order that ended has an event, and so something that was delivered. */
function hasEnded({ letter, deadLetter }: Delivery): boolean {
  if (letter !== null) return letter.state === 'sent' || letter.state === 'failed';
  return deadLetter?.state === 'dead';
}
