import type { AuditedPayment } from '#contracts/billing.ts';
import type { AuditedLetter } from '#contracts/letter-audit.ts';
import type { AuditedOrder } from '#contracts/order-operations.ts';
import type { OrderRecords, ReadPositions } from './compare-records.ts';

/** A range of a table in the order of its key. */
export interface Bounds {
  /** Null: from the beginning. */
  after: string | null;
  limit: number;
}

export interface BoundsThrough extends Bounds {
  /** The last order of the range; null: to the end. */
  through: string | null;
}

export interface ReadRecordsDeps {
  auditOrders: (bounds: Bounds) => Promise<AuditedOrder[]>;
  auditPayments: (bounds: BoundsThrough) => Promise<AuditedPayment[]>;
  auditPositions: () => Promise<ReadPositions>;
  /** Also returns the letters of the order `after` whose ids are above `afterLetter`. */
  auditLetters: (
    bounds: BoundsThrough & { afterLetter: string | null },
  ) => Promise<AuditedLetter[]>;
}

/** Most rows of one answer. */
export interface PageLimits {
  orders: number;
  payments: number;
  letters: number;
}

/**
 * The records of all services under the order ids of one page. When an answer reaches its limit, the
 * page ends at its last order. Pages also cover ids that only billing or notifications know.
 *
 * The order of the reads keeps work in progress from looking like a difference
 * (`compare-records.ts`).
 * @returns also the last order id of the page, null at the end
 */
export async function readRecords(
  deps: ReadRecordsDeps,
  after: string | null,
  limits: PageLimits,
): Promise<{ records: OrderRecords[]; positions: ReadPositions; end: string | null }> {
  const orders = await deps.auditOrders({ after, limit: limits.orders });
  let end = orders.length < limits.orders ? null : (orders.at(-1)?.id ?? null);
  const [payments, positions] = await Promise.all([
    deps.auditPayments({ after, through: end, limit: limits.payments }),
    deps.auditPositions(),
  ]);
  if (payments.length === limits.payments) end = payments.at(-1)?.orderId ?? end;
  const letters = await readLetters(deps, { after, through: end, limit: limits.letters });
  if (letters.length >= limits.letters) end = letters.at(-1)?.orderId ?? end;
  return { records: groupByOrder({ orders, payments, letters }, end), positions, end };
}

/** Letters of whole orders: reads on until those of the last order are complete. */
async function readLetters(deps: ReadRecordsDeps, bounds: BoundsThrough): Promise<AuditedLetter[]> {
  const letters = await deps.auditLetters({ ...bounds, afterLetter: null });
  let read = letters.length;
  while (read === bounds.limit) {
    const { orderId, id } = letters.at(-1) as AuditedLetter;
    const more = await deps.auditLetters({
      after: orderId,
      afterLetter: id,
      through: orderId,
      limit: bounds.limit,
    });
    letters.push(...more);
    read = more.length;
  }
  return letters;
}

function groupByOrder(
  read: { orders: AuditedOrder[]; payments: AuditedPayment[]; letters: AuditedLetter[] },
  end: string | null,
): OrderRecords[] {
  const byId = new Map<string, OrderRecords>();
  const recordsOf = (orderId: string): OrderRecords => {
    const known = byId.get(orderId);
    if (known !== undefined) return known;
    const records: OrderRecords = { orderId, order: undefined, payment: undefined, letters: [] };
    byId.set(orderId, records);
    return records;
  };
  for (const order of read.orders) recordsOf(order.id).order = order;
  for (const payment of read.payments) recordsOf(payment.orderId).payment = payment;
  for (const letter of read.letters) recordsOf(letter.orderId).letters.push(letter);
  // UUIDs in lower case sort as text as the databases sort them.
  return [...byId.values()]
    .filter(({ orderId }) => end === null || orderId <= end)
    .sort((one, other) => (one.orderId < other.orderId ? -1 : 1));
}
