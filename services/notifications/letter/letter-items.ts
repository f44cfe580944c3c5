import type { Money } from '#contracts/common.ts';

/** An order's item, as a letter shows it. */
export interface LetterItem {
  name: string;
  quantity: number;
  unitPrice: Money;
}

/** The first items of an order, and how many it has. */
export interface LetterItems {
  first: LetterItem[];
  count: number;
}

/** The items of one order. */
export interface OrderItems {
  orderId: string;
  items: LetterItems;
}
