import { parseAmount, parseQuantity } from '#contracts/amounts.ts';
import { AMOUNT_MAX } from '#contracts/currency.ts';
import type { OrderItem } from '#contracts/orders.ts';

/** One item as a person types it. */
export interface OrderRow {
  /** For the screen only. */
  id: string;
  name: string;
  quantity: string;
  price: string;
}

export type RowFault = 'name' | 'quantity' | 'price';

/** The total of what is typed so far. */
export type Total = { kind: 'sum'; amount: number } | { kind: 'nothing' } | { kind: 'too-large' };

let made = 0;

export function emptyRow(): OrderRow {
  return { id: `${Date.now()}-${made++}`, name: '', quantity: '1', price: '' };
}

function priceOf({ price }: OrderRow, currency: string): number | null {
  const amount = parseAmount(price, currency);
  return typeof amount === 'number' ? amount : null;
}

/** What of a row is not right yet. */
export function faultsOfRow(row: OrderRow, currency: string): RowFault[] {
  const faults: RowFault[] = [];
  if (row.name.trim() === '') faults.push('name');
  if (parseQuantity(row.quantity) === null) faults.push('quantity');
  if (priceOf(row, currency) === null) faults.push('price');
  return faults;
}

/** The items as the API takes them, null while a row has a fault. */
export function itemsOf(rows: OrderRow[], currency: string): OrderItem[] | null {
  if (rows.some((row) => faultsOfRow(row, currency).length > 0)) return null;
  return rows.map((row) => ({
    name: row.name.trim(),
    quantity: parseQuantity(row.quantity) ?? 0,
    unitPrice: { amount: priceOf(row, currency) ?? 0, currency },
  }));
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
