import { itemsText } from '#harness/oracle/history.ts';
import type { Random } from '#harness/random.ts';
import { rub } from '#harness/system/system.ts';

/** One line of an order. */
export interface Item {
  name: string;
  sku?: string;
  quantity: number;
  unitPrice: { amount: number; currency: string };
}

// Few of each, so that different orders often have equal totals. Such orders differ in their ids
// only, so a comparison of amounts cannot hide a mix-up of ids.
const NAMES = ['Книга', 'Чай', 'Book', 'Tea'];
const SKUS = ['a-1', 'b-2'];
const PRICES = [50, 100, 100, 200];
const ITEMS_MAX = 3;
const QUANTITY_MAX = 3;

/** One piece at this price. */
export function pieceAt(amount: number): Item[] {
  return [{ name: 'Книга', quantity: 1, unitPrice: rub(amount) }];
}

/** Some items with quantities, a few of them equal to others. */
export function basketOf(random: Random): Item[] {
  return Array.from({ length: random.between(1, ITEMS_MAX) }, () => ({
    name: random.pick(NAMES),
    ...(random.chance(0.3) && { sku: random.pick(SKUS) }),
    quantity: random.between(1, QUANTITY_MAX),
    unitPrice: rub(random.pick(PRICES)),
  }));
}

export function totalOf(items: Item[]): number {
  return items.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice.amount, 0);
}

/** Changes of one member each; the first item always exists. */
const changes: ((items: [Item, ...Item[]]) => Item[])[] = [
  ([first, ...rest]) => [{ ...first, quantity: first.quantity + 1 }, ...rest],
  ([first, ...rest]) => [{ ...first, name: `${first.name}!` }, ...rest],
  ([{ sku, ...first }, ...rest]) => [sku === undefined ? { ...first, sku: 'c-3' } : first, ...rest],
  ([first, ...rest]) => [{ ...first, unitPrice: rub(first.unitPrice.amount + 1) }, ...rest],
  ([first, ...rest]) => [...rest, first],
  ([first, ...rest]) => [first, ...rest, first],
];

/**
 * Another body that differs from this one in one member: a quantity, a name, an SKU, a price, the
 * order of the items or their number.
 * @param number each number takes the next change, so that all are met
 */
export function otherBasket(items: Item[], number: number): Item[] {
  const change = changes[number % changes.length] as (typeof changes)[number];
  const changed = change(items as [Item, ...Item[]]);
  // One item, or equal ones, have no other order.
  return itemsText(changed) === itemsText(items) ? [...items, ...items] : changed;
}
