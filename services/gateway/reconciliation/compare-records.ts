import type { AuditedPayment } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import type { AuditedLetter } from '#contracts/letter-audit.ts';
import type { LedgerDifference } from '#contracts/operator.ts';
import type { AuditedOrder } from '#contracts/order-operations.ts';
import type { Remedy } from '#contracts/repairs.ts';

/** All records of the services under one order id. */
export interface OrderRecords {
  orderId: string;
  order: AuditedOrder | undefined;
  payment: AuditedPayment | undefined;
  letters: AuditedLetter[];
}

/** How far notifications has read the topic; null where there is no topic. */
export interface ReadPositions {
  topicId: string | null;
  data: { partition: number; position: number; end: number }[];
  /** Letters of events up to this id may be deleted by their retention. */
  deletedThrough?: string | undefined;
}

/** Two records that contradict each other, and the remedy. */
export interface RecordDifference extends Pick<LedgerDifference, 'relation' | 'id' | 'detail'> {
  remedy: Remedy;
  /** The letter, where the difference is about one. */
  letterId?: string;
}

type Detail = Omit<RecordDifference, 'relation' | 'id'>;

/** The differences of one order. */
export interface OrderFinding {
  differences: RecordDifference[];
  /** Differences that an operator recorded as known. */
  acknowledged: number;
  /** The step that an event without a letter waits for; null when the letter exists or is lost. */
  eventWaits: 'unpublished' | 'unread' | null;
}

// An event that Debezium publishes becomes a letter within this time. Kafka Connect waits five
// minutes for a worker that left before it moves a connector, which then has to catch up.
const HAND_OVER_MS = 15 * 60_000;

/** The decision that belongs to each end of an order. */
const DECISIONS = {
  Paid: 'captured',
  'insufficient-funds': 'declined',
  voided: 'voided',
} as const;

/**
 * Compares the records under one order id. Work in progress is no difference, provided that the
 * caller reads in this order: the order, then its decision and the positions, then the letters. A
 * decision is written before its order ends, and a letter before its position is passed.
 */
export function compareRecords(records: OrderRecords, positions: ReadPositions): OrderFinding {
  const { orderId, order, payment } = records;
  const named = (relation: RecordDifference['relation'], details: Detail[]) =>
    details.map((detail) => ({ relation, id: orderId, ...detail }));
  const settled = isSettled(order, payment);
  const letter = compareLetters(records, positions);
  return {
    differences: [
      ...named('operation-decision', payment === undefined ? [] : compareCharge(payment)),
      ...named('decision-order', settled ? [] : compareDecision(order, payment)),
      ...named('order-event', compareEvent(order)),
      ...named('event-letter', letter.details),
    ],
    acknowledged: (settled ? 1 : 0) + letter.acknowledged,
    eventWaits: letter.eventWaits,
  };
}

/** Contradictions that no restore of one database causes: an operator must resolve them. */
function byHand(details: string[]): Detail[] {
  return details.map((detail) => ({ detail, remedy: 'by-hand' }));
}

/** A payment is captured exactly when a charge exists, with the same values. Invariant I1. */
function compareCharge(payment: AuditedPayment): Detail[] {
  const { decision, operationId, customerId, amount, charge } = payment;
  if (charge === null) {
    if (decision !== 'captured') return [];
    return byHand([`captured as ${operationId}, which is no charge of it`]);
  }
  if (decision !== 'captured')
    return byHand([`${decision}, but charged by operation ${charge.id}`]);
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
  return byHand(details);
}

/** A decision that an operator acknowledged: it has no order, or its order was written off. */
function isSettled(order: AuditedOrder | undefined, payment: AuditedPayment | undefined): boolean {
  if (!payment?.settled || payment.decision === 'captured') return false;
  return order === undefined ? true : order.status === 'Paid' && payment.settled === 'write-off';
}

/** An order ends as its payment was decided. Invariant I2. */
function compareDecision(
  order: AuditedOrder | undefined,
  payment: AuditedPayment | undefined,
): Detail[] {
  if (order === undefined) return payment === undefined ? [] : compareStray(payment);
  if (payment === undefined) {
    if (order.status === 'Pending') return [];
    const remedy = order.status === 'Paid' ? 'charge-again' : 'record-decision';
    return [{ detail: `the order is ${endOf(order)} without a decision`, remedy }];
  }
  const details: string[] = [];
  if (payment.customerId !== order.customerId) {
    details.push(`the order is of ${order.customerId}, its payment of ${payment.customerId}`);
  }
  if (!sameMoney(payment.amount, order.total)) {
    details.push(`the order costs ${textOf(order.total)}, decided were ${textOf(payment.amount)}`);
  }
  // Not recorded yet: the running request or recovery will record the decision.
  if (order.status === 'Pending') return byHand(details);
  return [...byHand(details), ...compareEnd(order, payment)];
}

/** A decision without its order: orders was restored to an older state. */
function compareStray({ decision, reversalId }: AuditedPayment): Detail[] {
  // The money of the lost order was given back, so nothing is left to repair.
  if (reversalId) return [];
  const remedy = decision === 'captured' ? 'reverse-charge' : 'acknowledge';
  return [{ detail: `the payment is ${decision}, but of no order`, remedy }];
}

function compareEnd(order: AuditedOrder, payment: AuditedPayment): Detail[] {
  const { decision, operationId, reversalId } = payment;
  const expected =
    order.status === 'Paid' ? DECISIONS.Paid : DECISIONS[order.statusReason ?? 'voided'];
  if (decision !== expected) {
    const detail = `the order is ${endOf(order)}, but its payment is ${decision}`;
    if (decision !== 'captured') return byHand([detail]);
    // After the reversal of its charge a Cancelled order has cost the customer nothing.
    return reversalId ? [] : [{ detail, remedy: 'reverse-charge' }];
  }
  if (order.operationId !== operationId) {
    return byHand([`the order names operation ${order.operationId}, its payment ${operationId}`]);
  }
  if (!reversalId) return [];
  return byHand([`the order is Paid, but its charge was reversed by operation ${reversalId}`]);
}

function compareEvent(order: AuditedOrder | undefined): Detail[] {
  if (order?.event === 'missing') {
    const detail = `the event ${order.eventId ?? ''} is missing`;
    return [{ detail, remedy: order.eventId === null ? 'by-hand' : 'publish-again' }];
  }
  if (order?.event === 'contradicting') {
    return byHand([`the event ${order.eventId} says something else than the order`]);
  }
  return [];
}

/** The differences of an order's letters. */
interface LetterFinding {
  details: Detail[];
  acknowledged: number;
  eventWaits: OrderFinding['eventWaits'];
}

/** An order that ended has exactly one letter, with the same content. Invariant I6. */
function compareLetters({ order, letters }: OrderRecords, positions: ReadPositions): LetterFinding {
  const ended = order !== undefined && order.status !== 'Pending';
  const own = ended ? letters.find(({ id }) => id === order.eventId) : undefined;
  const strays = letters.filter((letter) => letter !== own);
  const unknown = strays.filter((letter) => !letter.acknowledged);
  const details = unknown.map(({ id }) => strayOf(order, id));
  const acknowledged = strays.length - unknown.length;
  if (!ended) return { details, acknowledged, eventWaits: null };
  if (own !== undefined) {
    const texts = byHand(compareText(order, own));
    return { details: [...details, ...texts], acknowledged, eventWaits: null };
  }
  const { detail, eventWaits } = whyNoLetter(order, positions);
  if (detail === null) return { details, acknowledged, eventWaits };
  const lost: Detail = { detail: `the event ${order.eventId} ${detail}`, remedy: 'publish-again' };
  return { details: [...details, lost], acknowledged, eventWaits };
}

/** A letter whose event orders does not know. */
function strayOf(order: AuditedOrder | undefined, letterId: string): Detail {
  const letter = `the letter ${letterId}`;
  if (order === undefined) {
    const detail = `${letter} is about an order that does not exist`;
    return { detail, remedy: 'acknowledge', letterId };
  }
  if (order.status === 'Pending') {
    return { detail: `${letter} is about an order that has not ended`, remedy: 'wait', letterId };
  }
  return { detail: `${letter} belongs to no event of the order`, remedy: 'acknowledge', letterId };
}

function compareText(order: AuditedOrder, letter: AuditedLetter): string[] {
  const details: string[] = [];
  const kind = order.status === 'Paid' ? 'happiness' : 'grief';
  if (letter.kind !== kind || letter.reason !== order.statusReason) {
    const said = `${letter.kind}${letter.reason === null ? '' : ` (${letter.reason})`}`;
    details.push(`the order is ${endOf(order)}, its letter one of ${said}`);
  }
  if (letter.customerId !== order.customerId) {
    details.push(`the order is of ${order.customerId}, its letter to ${letter.customerId}`);
  }
  if (!sameMoney(letter.total, order.total)) {
    const [ofOrder, ofLetter] = [textOf(order.total), textOf(letter.total)];
    details.push(`the order costs ${ofOrder}, its letter tells ${ofLetter}`);
  }
  return details;
}

/** Why an ended order has no letter: the event is still in progress, or was lost. */
function whyNoLetter(
  { event, eventId, eventAgeMs, position }: AuditedOrder,
  { topicId, data, deletedThrough = '' }: ReadPositions,
): { detail: string | null; eventWaits: OrderFinding['eventWaits'] } {
  const lost = (detail: string) => ({ detail, eventWaits: null });
  // Ids are UUIDv7 in lower case: they sort by time.
  if ((eventId ?? '~') <= deletedThrough) return { detail: null, eventWaits: null };
  if (event === 'unpublished') return { detail: null, eventWaits: 'unpublished' };
  if (event === 'handed-over') {
    // The outbox does not record whether Debezium has published it, so allow it some time.
    if ((eventAgeMs ?? 0) < HAND_OVER_MS) return { detail: null, eventWaits: 'unread' };
    return lost('was left to Debezium 15 minutes ago or more, and there is no letter');
  }
  if (event === 'expired') return lost('is past its time in the outbox, and there is no letter');
  // Without a sound event there can be no letter; compareEvent has reported it.
  if (event !== 'published') return { detail: null, eventWaits: null };
  if (position === null) return lost('was published, but not told where, and there is no letter');
  const place = `${position.partition}:${position.offset}`;
  const read = data.find(({ partition }) => partition === position.partition);
  if (position.topicId !== topicId || read === undefined || position.offset >= read.end) {
    return lost(`is not in the topic any more (${place}), and there is no letter`);
  }
  if (position.offset >= read.position) return { detail: null, eventWaits: 'unread' };
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
