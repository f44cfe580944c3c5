import type { OrderUpdateMessage } from '#contracts/order-update-message.ts';

/** A letter of happiness says that an order is paid, a letter of grief that it was cancelled. */
export type LetterKind = 'happiness' | 'grief';

/**
 * The order update of a letter. Members that are optional here are missing in letters of older
 * versions, which stored no event.
 */
export type LetterEvent = Partial<OrderUpdateMessage> &
  Pick<OrderUpdateMessage, 'orderId' | 'total' | 'reason' | 'occurredAt'> & { kind: LetterKind };

/** The columns that `eventOf` reads. */
export const EVENT_COLUMNS =
  'letters.event, order_id, customer_id, kind, total_amount, currency, reason, occurred_at';

export interface EventRow {
  /** Null in letters of older versions. */
  event: OrderUpdateMessage | null;
  order_id: string;
  customer_id: string;
  kind: LetterKind;
  total_amount: string;
  currency: string;
  reason: LetterEvent['reason'];
  occurred_at: Date;
}

/**
 * The event of a stored letter. Members with a column of their own come from it: every version
 * fills these, and the database has brought ids and moments into one form.
 */
export function eventOf(row: EventRow): LetterEvent {
  return {
    ...row.event,
    kind: row.kind,
    orderId: row.order_id,
    customerId: row.customer_id,
    total: { amount: Number(row.total_amount), currency: row.currency },
    reason: row.reason,
    occurredAt: row.occurred_at.toISOString(),
  };
}
