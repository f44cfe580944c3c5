import {
  type AmountViolation,
  ITEM_NAME_MAX,
  parseAmount,
  QUANTITY_MAX,
} from '#contracts/amounts.ts';
import type { OrderItem } from '#contracts/orders.ts';
import { BLANK } from '#contracts/patterns.ts';

export type ItemViolation =
  | 'no-price'
  | 'no-name'
  | 'long-name'
  | 'quantity'
  /** The number after the last colon may be a quantity or a part of the name. */
  | 'ambiguous'
  | `price-${AmountViolation}`;

// One or two digits straight after a colon. Years, times and verses look different:
// `Blade Runner: 2049`, `Train 10:30`, `John 3:16`, `Blade Runner:2049`.
const QUANTITY = /^(.*[^\s\d:]):(\d{1,2})$/s;
// Any quantity after `:x`: `Гвоздь:x500`. The Cyrillic letter and the sign `×` count as `x`.
const EXPLICIT_QUANTITY = /^(.*?)\s*:[xх×](\d+)$/is;
const COLON_AND_NUMBER = /^(.*?)\s*:\s*([-+x×х]?\s*[\d.,]*)$/is;

/**
 * Reads `name[:quantity]@price`, the price in major units. The last `@` separates the price. Only
 * one or two digits straight after a colon are a quantity, or any number after `:x`.
 */
export function parseItem(text: string, currency: string): OrderItem | ItemViolation {
  const { label, price } = partsOf(text);
  if (price === null) return 'no-price';
  const amount = parseAmount(price, currency);
  if (typeof amount !== 'number') return `price-${amount}`;
  const [, named, count] = EXPLICIT_QUANTITY.exec(label) ?? QUANTITY.exec(label) ?? [];
  const name = (named ?? label).trim();
  if (BLANK.test(name) || label.startsWith(':')) return 'no-name';
  if (count === undefined && COLON_AND_NUMBER.test(label)) {
    return readingsOf(text).length === 0 ? 'quantity' : 'ambiguous';
  }
  if ([...name].length > ITEM_NAME_MAX) return 'long-name';
  const quantity = Number(count ?? 1);
  if (quantity < 1 || quantity > QUANTITY_MAX) return 'quantity';
  return { name, quantity, unitPrice: { amount, currency } };
}

/**
 * The spellings of an ambiguous item that have one meaning: one piece of the whole name, and so
 * many pieces of what is before the colon. None where the number can be no quantity.
 */
export function readingsOf(text: string): string[] {
  const { label, price } = partsOf(text);
  const [, name = '', count = ''] = COLON_AND_NUMBER.exec(label) ?? [];
  if (!/^\d{1,5}$/.test(count) || Number(count) < 1 || Number(count) > QUANTITY_MAX) return [];
  return [`${label}:x1@${price}`, `${name}:x${Number(count)}@${price}`];
}

function partsOf(text: string): { label: string; price: string | null } {
  const at = text.lastIndexOf('@');
  if (at === -1) return { label: text, price: null };
  return { label: text.slice(0, at).trim(), price: text.slice(at + 1).trim() };
}
