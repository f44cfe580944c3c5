import { AMOUNT_MAX } from '#contracts/common.ts';
import { blankTextsOf, type OrderItem, totalOf } from '#contracts/orders.ts';
import type { Violation } from '#platform/errors.ts';

/**
 * Rules of an order that its schema cannot express: our currency, and a total within the limits.
 * Accepts any body, so that one answer lists these violations together with those of the schema.
 */
export function orderViolations(body: unknown, currency: string): Violation[] {
  const items = (body as { items?: unknown } | null | undefined)?.items;
  // The schema reports an absent or empty list.
  if (!Array.isArray(items) || items.length === 0) return [];
  const violations = items.flatMap((item, index) =>
    currencyViolations(item?.unitPrice, `/items/${index}/unitPrice`, currency),
  );
  if (violations.length === 0 && items.every(isPriced) && totalOf(items) === null) {
    violations.push({ pointer: '/items', rule: 'total', expected: '1…10^15' });
  }
  return violations;
}

/**
 * The same for an order as it arrives. Blank texts count only next to other violations: alone they
 * may be of a repetition, which orders recognises.
 * @param found violations of the schema
 */
export function newOrderViolations(
  body: unknown,
  currency: string,
  found: readonly Violation[],
): Violation[] {
  const violations = orderViolations(body, currency);
  if (found.length + violations.length === 0) return [];
  const { items } = (body ?? {}) as { items?: unknown };
  const blank = Array.isArray(items) ? blankTextsOf(items) : [];
  const named = new Set(found.map(({ pointer }) => pointer));
  return [...violations, ...blank.filter(({ pointer }) => !named.has(pointer))];
}

/** A violation for a currency that is well formed but not ours. */
export function currencyViolations(money: unknown, pointer: string, currency: string): Violation[] {
  const given = (money as { currency?: unknown } | null | undefined)?.currency;
  if (typeof given !== 'string' || given === currency) return [];
  return [{ pointer: `${pointer}/currency`, rule: 'const', expected: currency }];
}

/** Whether an item can be summed; the schema reports a price or quantity out of range. */
function isPriced(item: unknown): item is OrderItem {
  const { quantity, unitPrice } = (item ?? {}) as Partial<OrderItem>;
  return isIntegerFrom(1, quantity) && isIntegerFrom(0, unitPrice?.amount);
}

function isIntegerFrom(minimum: number, value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= AMOUNT_MAX;
}
