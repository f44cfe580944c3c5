import { parseAmount, parseQuantity } from '#contracts/amounts.ts';
import { AMOUNT_MAX } from '#contracts/currency.ts';
import type { OrderItem } from '#contracts/orders.ts';
import { BLANK } from '#contracts/patterns.ts';

/** One item as typed. */
export interface OrderRow {
  /** For the screen only. */
  id: string;
  name: string;
  quantity: string;
  price: string;
}

export type RowViolation = 'name' | 'quantity' | 'price';

/** The total of the rows. */
export type Total = { kind: 'sum'; amount: number } | { kind: 'nothing' } | { kind: 'too-large' };

let made = 0;

export function emptyRow(): OrderRow {
  return { id: `${Date.now()}-${made++}`, name: '', quantity: '1', price: '' };
}

function priceOf({ price }: OrderRow, currency: string): number | null {
  const amount = parseAmount(price, currency);
  return typeof amount === 'number' ? amount : null;
}

/** The fields of a row that the API would refuse. */
export function violationsOfRow(row: OrderRow, currency: string): RowViolation[] {
  const violations: RowViolation[] = [];
  if (BLANK.test(row.name)) violations.push('name');
  if (parseQuantity(row.quantity) === null) violations.push('quantity');
  if (priceOf(row, currency) === null) violations.push('price');
  return violations;
}

/** The items as the API takes them, null while a row has a violation. */
export function itemsOf(rows: OrderRow[], currency: string): OrderItem[] | null {
  if (rows.some((row) => violationsOfRow(row, currency).length > 0)) return null;
  return rows.map((row) => ({
    name: row.name.trim(),
    quantity: parseQuantity(row.quantity) ?? 0,
    unitPrice: { amount: priceOf(row, currency) ?? 0, currency },
  }));
}

/**
 * The numbers of the rows that the total leaves out, from 1.
 * @param checked whether the form was sent: before that an untouched row is no fault
 */
export function rowsOutsideTotal(rows: OrderRow[], currency: string, checked: boolean): number[] {
  return rows.flatMap((row, index) => {
    const untouched = row.name === '' && row.price === '';
    const counts = parseQuantity(row.quantity) !== null && priceOf(row, currency) !== null;
    return counts || (untouched && !checked) ? [] : [index + 1];
  });
}

/** Rows that are not complete count as nothing. Exact: each product is checked before it is added. */
export function totalOfRows(rows: OrderRow[], currency: string): Total {
  let amount = 0;
  for (const row of rows) {
    const line = (parseQuantity(row.quantity) ?? 0) * (priceOf(row, currency) ?? 0);
    if (line > AMOUNT_MAX || amount + line > AMOUNT_MAX) return { kind: 'too-large' };
    amount += line;
  }
  return amount === 0 ? { kind: 'nothing' } : { kind: 'sum', amount };
}
