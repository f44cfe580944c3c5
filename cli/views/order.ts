// views/: answers of the API as text. They need terminal/.

import type { PublicOrder } from '#contracts/gateway.ts';
import type { OrderItem } from '#contracts/orders.ts';
import { type Cell, type Colour, facts, type Screen, table } from '../terminal/screen.ts';

const COLOURS: Record<PublicOrder['status'], Colour> = {
  Pending: 'yellow',
  Paid: 'green',
  Cancelled: 'red',
};

/** The status label with its colour. */
export function statusCell({ status, statusLabel }: PublicOrder): Exclude<Cell, string> {
  return { text: statusLabel, colour: COLOURS[status] };
}

/** One order with its items. */
export function orderText(screen: Screen, order: PublicOrder): string {
  const { say, money } = screen;
  const head = facts(screen, [
    [say('orderId'), order.id],
    [say('status'), statusCell(order)],
    [say('total'), money(order.total)],
    [say('created'), screen.moment(order.createdAt)],
  ]);
  const rows = order.items.map(({ name, quantity, unitPrice }): Cell[] => [
    name,
    { text: String(quantity), right: true },
    `× ${money(unitPrice)}`,
  ]);
  return `${head}\n\n${table(screen, rows)}`;
}

/** One line of a list. */
export function orderRow(screen: Screen, order: PublicOrder): Cell[] {
  return [
    screen.moment(order.createdAt),
    statusCell(order),
    { text: screen.money(order.total), right: true },
    order.id,
    itemsText(order.items),
  ];
}

const ITEMS_SHOWN = 3;

function itemsText(items: OrderItem[]): string {
  const shown = items
    .slice(0, ITEMS_SHOWN)
    .map(({ name, quantity }) => (quantity === 1 ? name : `${name} × ${quantity}`))
    .join(', ');
  return items.length > ITEMS_SHOWN ? `${shown}, …` : shown;
}
