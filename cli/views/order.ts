// views/: answers of the API as text. They need terminal/.

import type { PublicOrder } from '#contracts/gateway.ts';
import { orderNumberOf } from '#contracts/order-number.ts';
import type { OrderItem } from '#contracts/orders.ts';
import type { CsvColumn } from '../terminal/csv.ts';
import { argumentOf, type Colour, type Screen } from '../terminal/screen.ts';
import { type Cell, type Column, facts, table } from '../terminal/table.ts';
import type { ListView } from './list.ts';

const COLOURS: Record<PublicOrder['status'], Colour> = {
  Pending: 'yellow',
  Paid: 'green',
  Cancelled: 'red',
};

/** The status label with its colour. */
export function statusCell({ status, statusLabel }: PublicOrder): Exclude<Cell, string> {
  return { text: statusLabel, colour: COLOURS[status] };
}

/** The short number of an order in lists; its id where it has none. */
export const numberOf = (id: string): string => orderNumberOf(id) ?? id;

/** `No. 7K3QX-0M2RT`, or the id. */
export function numberText({ say }: Pick<Screen, 'say'>, id: string): string {
  const number = orderNumberOf(id);
  return number === null ? id : say('orderNumber', number);
}

/** Names of an order in a list of facts. */
export function orderNames({ say }: Screen, id: string): [string, Cell][] {
  const number = orderNumberOf(id);
  const rows: [string, Cell][] = [[say('orderId'), id]];
  return number === null ? rows : [[say('number'), number], ...rows];
}

/** One order with its items. */
export function orderText(screen: Screen, order: PublicOrder): string {
  const { say, money } = screen;
  const rows: [string, Cell][] = [
    ...orderNames(screen, order.id),
    [say('status'), statusCell(order)],
    [say('total'), money(order.total)],
    [say('created'), screen.moment(order.createdAt)],
  ];
  const items = order.items.map((item) => ({ ...item, price: money(item.unitPrice) }));
  return `${facts(screen, rows)}\n\n${table(screen, ITEM_COLUMNS, items)}`;
}

const ITEM_COLUMNS: Column<OrderItem & { price: string }>[] = [
  { head: 'headItem', cell: (_, { name }) => name, fit: 'cut' },
  { head: 'headQuantity', cell: (_, { quantity }) => String(quantity), right: true },
  { head: 'headPrice', cell: (_, { price }) => price, right: true },
];

const CREATED: Column<PublicOrder> = {
  head: 'created',
  cell: ({ moment }, { createdAt }) => moment(createdAt),
};
const STATUS: Column<PublicOrder> = { head: 'status', cell: (_, order) => statusCell(order) };
const ITEMS: Column<PublicOrder> = {
  head: 'headItems',
  cell: (_, { items }) => itemsText(items),
  fit: 'cut',
};
const TOTAL = {
  head: 'total',
  cell: ({ money }: Screen, { total }: Pick<PublicOrder, 'total'>) => money(total),
  right: true,
} as const;
const NUMBER = {
  head: 'headNumber',
  cell: (_: Screen, { id }: Pick<PublicOrder, 'id'>) => numberOf(id),
} as const;
const ID = {
  head: 'orderId',
  cell: (_: Screen, { id }: Pick<PublicOrder, 'id'>) => id,
  fit: 'wide',
} as const;

/** The columns that every list of orders has at its end. */
export const orderColumns = { total: TOTAL, number: NUMBER, id: ID };

/** The customer's own orders. */
export const ownOrders: ListView<PublicOrder> = {
  columns: [CREATED, STATUS, TOTAL, NUMBER, ITEMS, ID],
};

const csv: CsvColumn<PublicOrder>[] = [
  ['id', ({ id }) => id],
  ['number', ({ id }) => orderNumberOf(id)],
  ['createdAt', ({ createdAt }) => createdAt],
  ['status', ({ status }) => status],
  ['statusReason', ({ statusReason }) => statusReason],
  ['total', ({ total }) => argumentOf(total)],
  ['currency', ({ total }) => total.currency],
  ['customerId', ({ customerId }) => customerId],
  ['items', ({ items }) => items.map(itemText).join(', ')],
  ['operationId', ({ payment }) => payment?.operationId],
];

/** Orders of all customers. */
export const allOrders: ListView<PublicOrder> = {
  columns: [
    CREATED,
    STATUS,
    TOTAL,
    NUMBER,
    ITEMS,
    { head: 'customer', cell: (_, { customerId }) => customerId, fit: 'wide' },
    ID,
  ],
  csv,
};

const ITEMS_SHOWN = 3;

function itemsText(items: OrderItem[]): string {
  const shown = items.slice(0, ITEMS_SHOWN).map(itemText).join(', ');
  return items.length > ITEMS_SHOWN ? `${shown}, …` : shown;
}

const itemText = ({ name, quantity }: OrderItem) =>
  quantity === 1 ? name : `${name} × ${quantity}`;
