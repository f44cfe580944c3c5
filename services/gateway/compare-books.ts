import type { AuditedPayment } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import type { AuditedLetter } from '#contracts/notifications.ts';
import type { LedgerDifference } from '#contracts/operator.ts';
import type { AuditedOrder } from '#contracts/orders.ts';

/** All that the services have written down under one order id. */
export interface OrderBooks {
  orderId: string;
  order: AuditedOrder | undefined;
  payment: AuditedPayment | undefined;
  letters: AuditedLetter[];
}

/** How far the topic was read; null where there is no topic. */
export interface ReadPositions {
  topicId: string | null;
  data: { partition: number; position: number; end: number }[];
}

/** What an order's books come to. */
export interface OrderFinding {
  differences: LedgerDifference[];
  /** Where an event is whose letter is on its way; null when the letter is there or lost. */
  eventWaits: 'unpublished' | 'unread' | null;
}

// In which an event that something else publishes becomes a letter's row. Kafka Connect waits five
// minutes for a worker that left before it moves a connector, which then has to catch up.
const HAND_OVER_MS = 15 * 60_000;

/** What an order of each end demands of its decision. */
const DECISIONS = {
  Paid: 'captured',
  'insufficient-funds': 'declined',
  voided: 'voided',
} as const;

/**
 * Compares what was written under one order id. Work under way never looks like a difference, as
 * long as the order was read before its decision and the positions, and these before the letters:
 * a decision exists before its order ends, a letter before its position is passed.
 */
export function compareBooks(books: OrderBooks, positions: ReadPositions): OrderFinding {
  const { orderId, order, payment } = books;
  const name = (relation: LedgerDifference['relation'], details: string[]) =>
    details.map((detail) => ({ relation, id: orderId, detail }));
  const letter = compareLetters(books, positions);
  return {
    differences: [
      ...name('operation-decision', payment === undefined ? [] : compareCharge(payment)),
      ...name('decision-order', compareDecision(order, payment)),
      ...name('order-event', compareEvent(order)),
      ...name('event-letter', letter.details),
    ],
    eventWaits: letter.eventWaits,
  };
}

/** Captured exactly when there is a charge, and for the same. Invariant I1. */
function compareCharge({ decision, operationId, customerId, amount, charge }: AuditedPayment) {
  if (charge === null) {
    return decision === 'captured' ? [`captured as ${operationId}, which is no charge of it`] : [];
  }
  if (decision !== 'captured') return [`${decision}, but charged by operation ${charge.id}`];
  const details: string[] = [];
  if (charge.id !== operationId) {
    details.push(`captured as ${operationId}, but charged by operation ${charge.id}`);
  }
  if (charge.customerId !== customerId) {
    details.push(`decided for customer ${customerId}, but ${charge.customerId} was charged`);
  }
  const charged = { ...charge.amount, amount: -charge.amount.amount };
  if (!sameMoney(charged, amount)) {
    details.push(`decided for ${textOf(amount)}, but ${textOf(charged)} were charged`);
  }
  return details;
}

/** An order ends as its payment was decided. Invariant I2. */
function compareDecision(order: AuditedOrder | undefined, payment: AuditedPayment | undefined) {
  if (order === undefined) {
    // The money of a lost order was given back: nothing is left to repair.
    if (payment === undefined || payment.reversalId) return [];
    return [`the payment is ${payment.decision}, but of no order`];
  }
  if (payment === undefined) {
    return order.status === 'Pending' ? [] : [`the order is ${endOf(order)} without a decision`];
  }
  const details: string[] = [];
  if (payment.customerId !== order.customerId) {
    details.push(`the order is of ${order.customerId}, its payment of ${payment.customerId}`);
  }
  if (!sameMoney(payment.amount, order.total)) {
    details.push(`the order costs ${textOf(order.total)}, decided were ${textOf(payment.amount)}`);
  }
  // A decision that is not recorded yet is recorded by the request or by recovery.
  if (order.status === 'Pending') return details;
  const { decision, reversalId } = payment;
  if (reversalId) details.push(`its charge was reversed by operation ${reversalId}`);
  const expected =
    order.status === 'Paid' ? DECISIONS.Paid : DECISIONS[order.statusReason ?? 'voided'];
  if (decision !== expected) {
    details.push(`the order is ${endOf(order)}, but its payment is ${decision}`);
  } else if (order.operationId !== payment.operationId) {
    details.push(
      `the order names operation ${order.operationId}, its payment ${payment.operationId}`,
    );
  }
  return details;
}

function compareEvent(order: AuditedOrder | undefined): string[] {
  if (order?.event === 'missing') return [`the event ${order.eventId ?? ''} is missing`];
  if (order?.event === 'contradicting') {
    return [`the event ${order.eventId} says something else than the order`];
  }
  return [];
}

/** What the letters of an order come to. */
interface LetterFinding {
  details: string[];
  eventWaits: OrderFinding['eventWaits'];
}

/** Exactly one letter for an order that ended, saying what the order says. Invariant I6. */
function compareLetters({ order, letters }: OrderBooks, positions: ReadPositions): LetterFinding {
  if (order === undefined || order.status === 'Pending') {
    const what = order === undefined ? 'does not exist' : 'has not ended';
    const details = letters.map(({ id }) => `the letter ${id} is about an order that ${what}`);
    return { details, eventWaits: null };
  }
  const own = letters.find(({ id }) => id === order.eventId);
  const strays = letters
    .filter((letter) => letter !== own)
    .map(({ id }) => `the letter ${id} belongs to no event of the order`);
  if (own !== undefined) {
    return { details: [...strays, ...compareText(order, own)], eventWaits: null };
  }
  const { details, eventWaits } = whyNoLetter(order, positions);
  return { details: [...strays, ...details], eventWaits };
}

function compareText(order: AuditedOrder, letter: AuditedLetter): string[] {
  const details: string[] = [];
  const kind = order.status === 'Paid' ? 'happiness' : 'grief';
  if (letter.kind !== kind || letter.reason !== order.statusReason) {
    const told = `${letter.kind}${letter.reason === null ? '' : ` (${letter.reason})`}`;
    details.push(`the order is ${endOf(order)}, its letter one of ${told}`);
  }
  if (letter.customerId !== order.customerId) {
    details.push(`the order is of ${order.customerId}, its letter to ${letter.customerId}`);
  }
  if (!sameMoney(letter.total, order.total)) {
    const [costs, tells] = [textOf(order.total), textOf(letter.total)];
    details.push(`the order costs ${costs}, its letter tells ${tells}`);
  }
  return details;
}

/** An ended order without its letter: on its way, or what is wrong. */
function whyNoLetter(
  { event, eventId, eventAgeMs, position }: AuditedOrder,
  { topicId, data }: ReadPositions,
): LetterFinding {
  const lost = (detail: string) => ({
    details: [`the event ${eventId} ${detail}`],
    eventWaits: null,
  });
  if (event === 'unpublished') return { details: [], eventWaits: 'unpublished' };
  if (event === 'handed-over') {
    // The outbox does not tell whether it is published. Either way it is not read, for some time.
    if ((eventAgeMs ?? 0) < HAND_OVER_MS) return { details: [], eventWaits: 'unread' };
    return lost('was left to Debezium 15 minutes ago or more, and there is no letter');
  }
  if (event === 'expired') return lost('is past its time in the outbox, and there is no letter');
  // Without a sound event there is nothing that a letter could come of; that is told already.
  if (event !== 'published') return { details: [], eventWaits: null };
  if (position === null) return lost('was published, but not told where, and there is no letter');
  const place = `${position.partition}:${position.offset}`;
  const read = data.find(({ partition }) => partition === position.partition);
  if (position.topicId !== topicId || read === undefined || position.offset >= read.end) {
    return lost(`is not in the topic any more (${place}), and there is no letter`);
  }
  if (position.offset >= read.position) return { details: [], eventWaits: 'unread' };
  return lost(`was read (${place}), but its letter is lost or became a dead letter`);
}

/** How an order ended, in words. */
function endOf({ status, statusReason }: AuditedOrder): string {
  return statusReason === null ? status : `${status} (${statusReason})`;
}

function sameMoney(one: Money, other: Money): boolean {
  return one.amount === other.amount && one.currency === other.currency;
}

function textOf({ amount, currency }: Money): string {
  return `${amount} ${currency}`;
}
