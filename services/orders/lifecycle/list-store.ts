import type { Order, OrderStatus } from '#contracts/orders.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { pageQuery, takePage } from '#platform/postgres/page-query.ts';
import { ORDER_COLUMNS, type OrderRow, orderOf } from './store.ts';

/** Orders of one page, and whether there are more behind them. */
export interface OrderPage<O extends Order> {
  orders: O[];
  more: boolean;
}

/**
 * SQL of the orders of one page: the items of the largest order take 170 KB.
 * @param ids select of ids, newest first unless `oldestFirst`, with a limit
 * @param columns of `orders`
 */
export function orderPageQuery(ids: string, columns: string, oldestFirst = false): string {
  const bytes = 'octet_length(orders.items::text)';
  const select = `select ${columns} from orders`;
  return pageQuery({ table: 'orders', ids, oldestFirst, bytes, select });
}

/** @param found rows of `orderPageQuery` for one id more than `limit` */
export function orderPageOf<R extends { found: number }, O extends Order>(
  found: R[],
  limit: number,
  orderIn: (row: R) => O,
): OrderPage<O> {
  const { rows, more } = takePage(found, limit);
  return { orders: rows.map(orderIn), more };
}

export const STATUSES: readonly OrderStatus[] = ['Pending', 'Paid', 'Cancelled'];

/**
 * SQL of a customer's orders, newest first: the first of each status, merged. One index by
 * customer and status answers lists with and without a status. A second one, by customer alone,
 * would cost every order two entries.
 * @param range conditions on `customer_id` and `id`
 * @param limit SQL of a number
 * @param shape the columns of the result, and its order
 */
export function customerOrderIds(
  range: string,
  limit: string,
  statuses = STATUSES,
  { columns, order }: { columns: string; order: 'id' | 'id desc' } = CUSTOMER_ORDER_IDS,
): string {
  const ranges = statuses.map(
    (status) => `(select ${columns} from orders where ${range} and status = '${status}'
      order by ${order} limit ${limit})`,
  );
  const all = ranges.join(' union all ');
  return `select ${columns} from (${all}) as ranges order by ${order} limit ${limit}`;
}

const CUSTOMER_ORDER_IDS = { columns: 'id', order: 'id desc' } as const;

/** A customer's orders, newest first, as many as one page takes. */
export async function listOrders(
  db: Queryable,
  query: { customerId: string; status: OrderStatus | null; before: string | null; limit: number },
): Promise<OrderPage<Order>> {
  const values: unknown[] = [query.customerId, query.limit + 1];
  const range = ['customer_id = $1'];
  if (query.before !== null) range.push(`id < $${values.push(query.before)}`);
  const statuses = query.status === null ? STATUSES : [query.status];
  const ids = customerOrderIds(range.join(' and '), '$2', statuses);
  const { rows } = await db.query<OrderRow & { found: number }>(
    orderPageQuery(ids, ORDER_COLUMNS),
    values,
  );
  return orderPageOf(rows, query.limit, orderOf);
}
