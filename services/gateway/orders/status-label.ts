import { statusLabels } from '#contracts/gateway.ts';
import type { Order } from '#contracts/orders.ts';
import type { Language } from '#platform/http/language.ts';

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
