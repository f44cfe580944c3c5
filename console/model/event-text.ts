import { UUID } from '#contracts/patterns.ts';

/** Whether it looks like the number of an order. */
export function isOrderId(text: string): boolean {
  return UUID.test(text);
}

/** JSON with its members on lines of their own; any other text as it is. */
export function prettyJson(text: string): string {
  const value = parsed(text);
  return value === undefined ? text : JSON.stringify(value, null, 2);
}

/** The order that an event names, if it can be read that far. */
export function orderIdIn(text: string | null): string | null {
  const { orderId } = (parsed(text ?? '') ?? {}) as { orderId?: unknown };
  return typeof orderId === 'string' && isOrderId(orderId) ? orderId : null;
}

/** Undefined where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
