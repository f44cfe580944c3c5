import type { OrderItem } from '#contracts/orders.ts';
import { type AmountFault, parseAmount } from './money.ts';

// As the API has it (contracts/orders.ts); refused here so that the faulty item is named.
const QUANTITY_MAX = 10_000;
const NAME_MAX = 200;

export type ItemFault = 'no-price' | 'no-name' | 'long-name' | 'quantity' | `price-${AmountFault}`;

/**
 * Reads `name[:quantity]@price`, the price in major units. The last `@` parts the price; a colon
 * parts the quantity only where a number, or nothing, follows it, so that names may have colons.
 */
export function parseItem(text: string, currency: string): OrderItem | ItemFault {
  const at = text.lastIndexOf('@');
  if (at === -1) return 'no-price';
  const amount = parseAmount(text.slice(at + 1), currency);
  if (typeof amount !== 'number') return `price-${amount}`;
  const [, label = '', count] = /^(.*):\s*([-+\d.,]*)\s*$/s.exec(text.slice(0, at)) ?? [
    '',
    text.slice(0, at),
    '1',
  ];
  const name = label.trim();
  if (name === '') return 'no-name';
  if ([...name].length > NAME_MAX) return 'long-name';
  const quantity = /^\d{1,5}$/.test(count ?? '') ? Number(count) : 0;
  if (quantity < 1 || quantity > QUANTITY_MAX) return 'quantity';
  return { name, quantity, unitPrice: { amount, currency } };
}
