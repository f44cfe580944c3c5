import { statusLabels } from '#contracts/gateway.ts';
import type { Order } from '#contracts/orders.ts';
import type { Language } from '#platform/http/language.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';

/** An order with its status in words. */
export function withLabel<O extends Order>(order: O, language: Language) {
  return { ...order, statusLabel: statusLabels[order.status][language] };
}

/** A page of such orders. */
export function withLabels<O extends Order>(
  { data, nextCursor }: { data: O[]; nextCursor: string | null },
  language: Language,
) {
  return { data: data.map((order) => withLabel(order, language)), nextCursor };
}

/** The order as operators see it: a customer may write an address as the name of an item. */
export function maskedOrder<O extends Order>(order: O, language: Language) {
  const items = order.items.map((item) => ({
    ...item,
    name: maskAddresses(item.name),
    ...(item.sku !== undefined && { sku: maskAddresses(item.sku) }),
  }));
  return withLabel({ ...order, items }, language);
}

/** A page of such orders. */
export function maskedOrders<O extends Order>(
  { data, nextCursor }: { data: O[]; nextCursor: string | null },
  language: Language,
) {
  return { data: data.map((order) => maskedOrder(order, language)), nextCursor };
}
