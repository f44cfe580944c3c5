import type { AuditedPayment } from '#contracts/billing.ts';
import type { AuditedLetter } from '#contracts/letter-audit.ts';
import type { AuditedOrder } from '#contracts/orders.ts';
import type { OrderBooks, ReadPositions } from './compare-books.ts';

/** A part of a table in the order of its key. */
export interface Bounds {
  /** Null begins at the beginning. */
  after: string | null;
  limit: number;
}

export interface BoundsThrough extends Bounds {
  /** The last order that belongs to it; null goes to the end. */
  through: string | null;
}

export interface ReadBooksDeps {
  auditOrders: (bounds: Bounds) => Promise<AuditedOrder[]>;
  auditPayments: (bounds: BoundsThrough) => Promise<AuditedPayment[]>;
  auditPositions: () => Promise<ReadPositions>;
  /** Of the order `after` the letters above `afterLetter` belong to the answer. */
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
 * What all services wrote down under the order ids of one page, by id. Each answer that is full
 * brings the page's end nearer, so a page is small whatever one service has too much of, and ids
 * that only billing or notifications know lie within some page too.
 *
 * The order of the reading is what keeps work under way from looking like a difference
 * (`compare-books.ts`).
 * @returns also the last order id that the page covers, null when it reaches the end
 */
export async function readBooks(
  deps: ReadBooksDeps,
  after: string | null,
  limits: PageLimits,
): Promise<{ books: OrderBooks[]; positions: ReadPositions; end: string | null }> {
  const orders = await deps.auditOrders({ after, limit: limits.orders });
  let end = orders.length < limits.orders ? null : (orders.at(-1)?.id ?? null);
  const [payments, positions] = await Promise.all([
    deps.auditPayments({ after, through: end, limit: limits.payments }),
    deps.auditPositions(),
  ]);
  if (payments.length === limits.payments) end = payments.at(-1)?.orderId ?? end;
  const letters = await readLetters(deps, { after, through: end, limit: limits.letters });
  if (letters.length >= limits.letters) end = letters.at(-1)?.orderId ?? end;
  return { books: gather({ orders, payments, letters }, end), positions, end };
}

/** Letters of whole orders: those of the last order are completed. */
async function readLetters(deps: ReadBooksDeps, bounds: BoundsThrough): Promise<AuditedLetter[]> {
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

function gather(
  read: { orders: AuditedOrder[]; payments: AuditedPayment[]; letters: AuditedLetter[] },
  end: string | null,
): OrderBooks[] {
  const byId = new Map<string, OrderBooks>();
  const booksOf = (orderId: string): OrderBooks => {
    const known = byId.get(orderId);
    if (known !== undefined) return known;
    const books: OrderBooks = { orderId, order: undefined, payment: undefined, letters: [] };
    byId.set(orderId, books);
    return books;
  };
  for (const order of read.orders) booksOf(order.id).order = order;
  for (const payment of read.payments) booksOf(payment.orderId).payment = payment;
  for (const letter of read.letters) booksOf(letter.orderId).letters.push(letter);
  // UUIDs in lower case sort as text as the databases sort them.
  return [...byId.values()]
    .filter(({ orderId }) => end === null || orderId <= end)
    .sort((one, other) => (one.orderId < other.orderId ? -1 : 1));
}
