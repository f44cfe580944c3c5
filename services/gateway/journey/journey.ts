import type { Journey } from '#contracts/gateway.ts';
import type { JourneyDeadLetter, JourneyPayment, JourneyStep } from '#contracts/journey.ts';
import type { Delivery, Letter, LetterAttempt } from '#contracts/notifications.ts';
import type { OrderEvent, OrderRecovery } from '#contracts/order-operations.ts';
import type { Order } from '#contracts/orders.ts';
import { traceIdIn } from '#platform/telemetry/trace-context.ts';
import { endingOf, type JourneyTimes, nextOf } from './ending.ts';

/** The records of all services about one order. */
export interface JourneyRecords {
  order: Order;
  recovery: OrderRecovery;
  /** Null while the order is Pending. */
  event: OrderEvent | null;
  /** Null while nothing is decided. */
  payment: JourneyPayment | null | 'unavailable';
  /** The result of the event's delivery. */
  delivery: Delivery | 'unavailable';
}

/** For an event that notifications has not seen, or that does not exist yet. */
export const NOT_DELIVERED: Delivery = { received: null, letter: null, deadLetter: null };

/**
 * One order's journey: joins the records of all services into steps in the order of cause and effect.
 * A service that did not answer is listed in `unavailable`, and its steps are missing.
 */
export function journeyOf(records: JourneyRecords, times: JourneyTimes): Omit<Journey, 'order'> {
  const { recovery, event, payment, delivery } = records;
  const known = delivery === 'unavailable' ? NOT_DELIVERED : delivery;
  const next = nextOf(records, times);
  return {
    traceId: traceOf(event, known),
    steps: withCausalTimes([
      ...orderSteps(records),
      ...(event === null ? [] : eventSteps(event, delivery)),
      ...(known.letter === null ? [] : letterSteps(known.letter, known.stages)),
    ]),
    payment: payment === 'unavailable' ? null : payment,
    recovery,
    event: event && withPosition(event, known),
    letter: known.letter,
    deadLetter: known.deadLetter && summaryOf(known.deadLetter),
    waitedMs: waitedOf(records),
    // Without notifications nobody knows how it ended.
    ...(delivery !== 'unavailable' && { ending: endingOf(delivery) }),
    ...(next !== undefined && { next }),
    ...(known.resends !== undefined && { resends: known.resends }),
    complete: hasEnded(known),
    unavailable: [
      ...(payment === 'unavailable' ? (['billing'] as const) : []),
      ...(delivery === 'unavailable' ? (['notifications'] as const) : []),
    ],
  };
}

/**
 * The moments are of several clocks, and a publication is noted after the broker has it. A step that
 * would seem to happen before the one that causes it is shown at the moment of that one.
 */
function withCausalTimes(steps: JourneyStep[]): JourneyStep[] {
  let latest = '';
  return steps.map((step) => {
    const { at, durationMs = null } = step;
    if (at === null) return { ...step, durationMs };
    if (at > latest) latest = at;
    return { ...step, at: latest, durationMs };
  });
}

/** After recovery nobody knows how long the client waited: its request had ended before. */
function waitedOf({ order, recovery }: JourneyRecords): number | null {
  if (order.status === 'Pending' || recovery.attempts > 0) return null;
  return Math.max(0, Date.parse(order.updatedAt) - Date.parse(order.createdAt));
}

/** By the event, or by the letter where the event is past its retention. */
function traceOf(event: OrderEvent | null, { letter }: Delivery): string | null {
  const header = event?.headers.find(({ name }) => name === 'traceparent')?.value;
  return traceIdIn(header) ?? letter?.attempts.at(-1)?.traceId ?? null;
}

/** While the customer waits: from the request to its answer. */
function orderSteps(records: JourneyRecords): JourneyStep[] {
  const { order, recovery, payment } = records;
  const recover = recoverStep(records);
  const decidedAt = payment === null || payment === 'unavailable' ? null : payment.decidedAt;
  // The two times are of two databases. A voided decision shows that recovery came first.
  const voided = payment !== null && payment !== 'unavailable' && payment.decision === 'voided';
  const recoverFirst = decidedAt === null || voided || (recovery.triedAt ?? '') <= decidedAt;
  return [
    { kind: 'request', from: 'client', to: 'gateway', ...NOT_RECORDED },
    { kind: 'create', from: 'gateway', to: 'orders', ...DONE, at: order.createdAt },
    ...(recoverFirst ? recover : []),
    ...decideStep(payment),
    ...(recoverFirst ? [] : recover),
    ...recordAndAnswer(records),
  ];
}

const DONE = { outcome: 'done', detail: null, attempt: null } as const;
const NOT_RECORDED = { ...DONE, at: null } as const;
const WAITING = { ...NOT_RECORDED, outcome: 'waiting' } as const;

/** The last time that recovery tried the order. */
function recoverStep({ order, recovery }: JourneyRecords): JourneyStep[] {
  if (recovery.attempts === 0) return [];
  const step = { kind: 'recover', from: 'gateway', to: 'gateway', ...DONE } as const;
  const at = recovery.triedAt;
  if (order.status !== 'Pending') return [{ ...step, at }];
  // Without an error the attempt is in progress, or its gateway died.
  const outcome = recovery.error === null ? 'unknown' : 'failed';
  return [{ ...step, at, outcome, detail: recovery.error }];
}

function decideStep(payment: JourneyRecords['payment']): JourneyStep[] {
  if (payment === 'unavailable') return [];
  const step = { kind: 'decide', from: 'gateway', to: 'billing' } as const;
  if (payment === null) return [{ ...step, ...WAITING }];
  const { decision, decidedAt } = payment;
  const outcome = decision === 'captured' ? 'done' : 'refused';
  return [{ ...step, ...DONE, at: decidedAt, outcome, detail: decision }];
}

function recordAndAnswer({ order, recovery, payment }: JourneyRecords): JourneyStep[] {
  const record = { kind: 'record', from: 'gateway', to: 'orders' } as const;
  if (order.status === 'Pending') {
    // Only the next step is shown as waiting: without a decision that is the decision.
    return payment === null ? [] : [{ ...record, ...WAITING }];
  }
  const answer = { kind: 'answer', from: 'gateway', to: 'client', ...NOT_RECORDED } as const;
  return [
    { ...record, ...DONE, at: order.updatedAt, detail: order.status },
    // After recovery the answer of the request is unknown: it did not see the end of the order.
    recovery.attempts > 0 ? { ...answer, outcome: 'unknown' } : { ...answer, ...answerTo(order) },
  ];
}

function answerTo({ statusReason }: Order): Pick<JourneyStep, 'outcome' | 'detail'> {
  if (statusReason === null) return { outcome: 'done', detail: '201' };
  return { outcome: 'refused', detail: statusReason === 'insufficient-funds' ? '406' : '409' };
}

/** From the outbox to the inbox. */
function eventSteps(event: OrderEvent, delivery: JourneyRecords['delivery']): JourneyStep[] {
  const known = delivery === 'unavailable' ? NOT_DELIVERED : delivery;
  const publish: JourneyStep = {
    kind: 'publish',
    from: 'orders',
    to: 'broker',
    ...DONE,
    at: earlier(event.publishedAt, arrivalOf(known)),
    outcome: publishOutcome(event, known),
    detail: positionText(withPosition(event, known)),
  };
  return delivery === 'unavailable' ? [publish] : [publish, receiveStep(delivery)];
}

/** When notifications had the event. */
function arrivalOf({ received, deadLetter }: Delivery): string | null {
  return received?.at ?? deadLetter?.createdAt ?? null;
}

/** The relay notes a publication after the broker has it, perhaps after the event has arrived. */
function earlier(noted: string | null, arrived: string | null): string | null {
  return noted !== null && arrived !== null && arrived < noted ? arrived : noted;
}

function publishOutcome(event: OrderEvent, known: Delivery): JourneyStep['outcome'] {
  const arrived = known.received !== null || known.deadLetter !== null;
  // An event that arrived was published, even if the relay has not marked it yet.
  if (event.publishedAt !== null || arrived) return 'done';
  // Past its retention a row is gone, and its mark with it.
  return event.createdAt === null ? 'unknown' : 'waiting';
}

function receiveStep({ received, deadLetter, expired }: Delivery): JourneyStep {
  const step = { kind: 'receive', from: 'broker', to: 'notifications' } as const;
  if (received !== null)
    return { ...step, ...DONE, at: received.at, detail: positionText(received) };
  if (deadLetter === null) return { ...step, ...(expired === true ? NOT_RECORDED : WAITING) };
  const { createdAt: at, error: detail } = deadLetter;
  return { ...step, ...DONE, at, outcome: 'failed', detail };
}

/** The event with its position in the topic, from the inbox where orders has deleted it. */
function withPosition(event: OrderEvent, { received, deadLetter }: Delivery): OrderEvent {
  const source = received ?? deadLetter;
  if (source === null || event.partition !== null) return event;
  return { ...event, partition: source.partition, offset: source.offset };
}

function positionText({
  partition,
  offset,
}: Pick<OrderEvent, 'partition' | 'offset'>): string | null {
  return partition === null || offset === null ? null : `${partition}/${offset}`;
}

function summaryOf({ id, state, error, createdAt }: JourneyDeadLetter): JourneyDeadLetter {
  return { id, state, error, createdAt };
}

/** Whether nothing more will happen: only an order that ended has a delivery. */
function hasEnded({ letter, deadLetter, expired }: Delivery): boolean {
  if (letter !== null) return letter.state === 'sent' || letter.state === 'failed';
  return deadLetter?.state === 'dead' || deadLetter?.state === 'discarded' || expired === true;
}

/** The attempts to send a letter, and the next one. @param stages how far each attempt came */
function letterSteps(letter: Letter, stages: Delivery['stages'] = []): JourneyStep[] {
  const noContact = new Set(
    stages.filter(({ stage }) => stage === 'contact').map(({ number }) => number),
  );
  const last = letter.attempts.at(-1)?.number ?? 0;
  const open = letter.state === 'queued' || letter.state === 'sending';
  return [
    ...letter.attempts.flatMap((attempt) => attemptSteps(attempt, noContact.has(attempt.number))),
    ...(open ? [{ ...SEND, ...WAITING, attempt: last + 1 }] : []),
  ];
}

const SEND = { kind: 'send', from: 'notifications', to: 'smtp' } as const;

function attemptSteps(attempt: LetterAttempt, withoutContact: boolean): JourneyStep[] {
  return [...contactStep(attempt, withoutContact), ...(withoutContact ? [] : sendSteps(attempt))];
}

/** An attempt skips profiles if an earlier one may have arrived: its recipient is fixed. */
function contactStep(attempt: LetterAttempt, failed: boolean): JourneyStep[] {
  if (attempt.contactMs === null && !failed) return [];
  return [
    {
      kind: 'contact',
      from: 'notifications',
      to: 'profiles',
      at: attempt.startedAt,
      outcome: failed ? 'failed' : 'done',
      detail: failed ? attempt.error : null,
      attempt: attempt.number,
      durationMs: attempt.contactMs ?? attempt.durationMs,
    },
  ];
}

function sendSteps(attempt: LetterAttempt): JourneyStep[] {
  const { number, startedAt, durationMs, contactMs, response, error } = attempt;
  const before = contactMs ?? 0;
  const send = {
    ...SEND,
    at: later(startedAt, before),
    attempt: number,
    // Until the answer, or until it failed.
    durationMs: Math.max(0, durationMs - before),
  } as const;
  const outcome = outcomeOf(attempt);
  // Without an answer of the mail server, our sending failed.
  const answered = Boolean(response) || outcome === 'unknown';
  if (!answered) return [{ ...send, outcome, detail: error }];
  return [
    { ...send, outcome: 'done', detail: null },
    {
      kind: 'reply',
      from: 'smtp',
      to: 'notifications',
      at: later(startedAt, durationMs),
      outcome,
      detail: response || error,
      attempt: number,
      durationMs: 0,
    },
  ];
}

function outcomeOf({ outcome }: LetterAttempt): JourneyStep['outcome'] {
  if (outcome === 'sent') return 'done';
  if (outcome === 'unknown') return 'unknown';
  return outcome === 'permanent' ? 'refused' : 'failed';
}

const later = (moment: string, ms: number) => new Date(Date.parse(moment) + ms).toISOString();
