import { orderNumberOf } from '#contracts/order-number.ts';
import { formatLocalMoment, formatPrice, plainLine } from './format.ts';
import type { LetterFacts } from './letter-facts.ts';
import type { LetterItem } from './letter-items.ts';

/** One item in words. */
export interface ItemValues {
  name: string;
  quantity: string;
  price: string;
  sum: string;
}

/** What a letter says, in words of its language: single lines of plain text. */
export interface LetterValues {
  /** Empty where the greeting has no name. */
  name: string;
  /** With its sign: `№ 7K3QX-0M2RT`; the id where the order has no number. */
  order: string;
  total: string;
  moment: string;
  items: ItemValues[];
  /** How many items the letter leaves out. */
  more: number;
  /** Null without PUBLIC_URL. */
  orderUrl: string | null;
  /** Pays the same order again. Null for a paid order and without PUBLIC_URL. */
  againUrl: string | null;
}

const SIGNS = { ru: '№', en: 'No.' } as const;

/** @throws RangeError for a malformed moment */
export function letterValuesOf(facts: LetterFacts): LetterValues {
  const { locale, items = null, publicUrl = null } = facts;
  const number = orderNumberOf(facts.orderId);
  const id = plainLine(facts.orderId);
  const orderUrl = publicUrl && `${publicUrl}/orders/${encodeURIComponent(id)}`;
  const first = items?.first ?? [];
  return {
    name: plainLine(facts.name),
    order: number === null ? id : `${SIGNS[locale]}\u00a0${number}`,
    total: formatPrice(locale, facts.total),
    moment: formatLocalMoment(locale, facts.timeZone ?? null, facts.occurredAt),
    items: first.map((item) => itemValuesOf(locale, item)),
    more: (items?.count ?? 0) - first.length,
    orderUrl,
    againUrl: orderUrl !== null && facts.kind === 'grief' ? `${orderUrl}/again` : null,
  };
}

function itemValuesOf(locale: 'ru' | 'en', { name, quantity, unitPrice }: LetterItem): ItemValues {
  const { amount, currency } = unitPrice;
  return {
    name: plainLine(name),
    quantity: String(quantity),
    price: formatPrice(locale, unitPrice),
    sum:
      quantity === 1
        ? formatPrice(locale, unitPrice)
        : formatPrice(locale, { amount: amount * quantity, currency }),
  };
}
