import type { CancelReason, Order, OrderStatus } from '#contracts/orders.ts';
import { UUID } from '#contracts/patterns.ts';
import type { AmountRange, TimeRange } from '#platform/http/list-range.ts';
import { type Database, type Queryable, queryWithTimeout } from '#platform/postgres/database.ts';
import { firstUuidAt } from '#platform/values/uuid.ts';
import {
  customerOrderIds,
  type OrderPage,
  orderPageOf,
  orderPageQuery,
  STATUSES,
} from '../lifecycle/list-store.ts';
import { ORDER_COLUMNS, type OrderRow, orderOf } from '../lifecycle/store.ts';

/** Filters of the list of all orders; null filters nothing. */
export interface OrderSearch extends TimeRange, AmountRange {
  customerId: string | null;
  status: OrderStatus | null;
  reason: CancelReason | null;
  oldestFirst: boolean;
  /** The order after which the page begins. */
  after: string | null;
}

// A search for rare orders must not read all of them.
const EXAMINED_MAX = 5_000;
const EXAMINED_COLUMNS = 'id, status, status_reason, total_amount';

/**
 * The ids of orders that match all filters. Reads them by an index of time, customer or pending ones,
 * `EXAMINED_MAX` at most, and checks status, reason and amount of each.
 * @returns `limit` ids and one more where there are more, and the order after which the next page
 *   begins if these are all; null when there are none behind them
 */
export async function searchOrders(
  db: Queryable,
  search: OrderSearch,
  limit: number,
): Promise<{ ids: string[]; last: string | null }> {
  const values: unknown[] = [];
  const wanted = checksOf(search, values);
  // Without a check every order that is read matches.
  const max = wanted === 'true' ? limit + 1 : EXAMINED_MAX;
  const order = search.oldestFirst ? 'id' : 'id desc';
  const reverse = search.oldestFirst ? 'id desc' : 'id';
  const { rows } = await db.query<{ ids: string[]; examined: number; last: string | null }>(
    `with examined as materialized (
        select id, ${wanted} as wanted from (${examinedIn(search, max, values)}) as candidates
      )
      select (select count(*) from examined)::int as examined,
        (select id from examined order by ${reverse} limit 1) as last,
        (select coalesce(json_agg(id), '[]') from (
          select id from examined where wanted order by ${order} limit ${limit + 1}
        ) as found) as ids`,
    values,
  );
  const { ids = [], examined = 0, last = null } = rows[0] ?? {};
  return { ids, last: examined < max ? null : last };
}

/** SQL of the conditions that no index answers; appends their values. */
function checksOf(search: OrderSearch, values: unknown[]): string {
  const checks: string[] = [];
  // Of one customer, and of pending orders, the status has an index.
  const isIndexed = search.customerId !== null || search.status === 'Pending';
  if (search.status !== null && !isIndexed) checks.push(`status = '${search.status}'`);
  if (search.reason !== null) checks.push(`status_reason = $${values.push(search.reason)}`);
  if (search.minAmount !== null) checks.push(`total_amount >= $${values.push(search.minAmount)}`);
  if (search.maxAmount !== null) checks.push(`total_amount <= $${values.push(search.maxAmount)}`);
  return checks.join(' and ') || 'true';
}

/** SQL of the orders that an index leads to, in the list's order, `max` at most. */
function examinedIn(search: OrderSearch, max: number, values: unknown[]): string {
  const order = search.oldestFirst ? 'id' : 'id desc';
  const range = ['true'];
  if (search.from !== null) range.push(`id >= $${values.push(firstUuidAt(search.from))}`);
  if (search.until !== null) range.push(`id < $${values.push(firstUuidAt(search.until))}`);
  if (search.after !== null) {
    range.push(`id ${search.oldestFirst ? '>' : '<'} $${values.push(search.after)}`);
  }
  if (search.customerId !== null) {
    range.push(`customer_id = $${values.push(search.customerId)}`);
    const statuses = search.status === null ? STATUSES : [search.status];
    const shape = { columns: EXAMINED_COLUMNS, order } as const;
    return customerOrderIds(range.join(' and '), String(max), statuses, shape);
  }
  // With `offset 0` the planner finds the few Pending orders by their own index.
  const source =
    search.status === 'Pending'
      ? `(select ${EXAMINED_COLUMNS} from orders where status = 'Pending' offset 0) as pending`
      : 'orders';
  return `select ${EXAMINED_COLUMNS} from ${source} where ${range.join(' and ')}
    order by ${order} limit ${max}`;
}

/** These orders, as many as one page takes. */
export async function getOrders(
  db: Queryable,
  ids: string[],
  oldestFirst = false,
): Promise<OrderPage<Order>> {
  if (ids.length === 0) return { orders: [], more: false };
  const existing = 'select id from orders where id = any($1::uuid[])';
  const text = orderPageQuery(existing, ORDER_COLUMNS, oldestFirst);
  const { rows } = await db.query<OrderRow & { found: number }>(text, [ids]);
  return orderPageOf(rows, ids.length, orderOf);
}

/** The newest orders whose ids are within a range, both ends included. */
export async function findOrdersWithin(
  db: Queryable,
  range: { first: string; last: string },
  limit: number,
): Promise<Order[]> {
  const ids = `select id from orders where id between $1 and $2 order by id desc limit ${limit}`;
  const { rows } = await db.query<OrderRow & { found: number }>(
    orderPageQuery(ids, ORDER_COLUMNS),
    [range.first, range.last],
  );
  return rows.map(orderOf);
}

// Traces have no index: the outbox is on the way of every order.
const TRACED_MAX = 100_000;
// Less than the gateway waits for a part of a search.
const TRACE_TIMEOUT_MS = 1_000;

/**
 * The newest orders that a request of this trace ended, among the latest events.
 * @throws AppError `unavailable` where the search takes longer than a second
 */
export async function findTracedOrders(
  database: Database,
  traceId: string,
  limit: number,
): Promise<Order[]> {
  const { rows } = await queryWithTimeout<{ aggregateid: string }>(database, TRACE_TIMEOUT_MS, {
    // `00-<trace>-<span>-<flags>`.
    text: `select aggregateid from (
        select id, aggregateid, traceparent from outbox order by id desc limit ${TRACED_MAX}
      ) as latest
      where substr(traceparent, 4, 32) = $1 order by id desc limit ${limit}`,
    values: [traceId],
  });
  // The key is text: a damaged row must not break the search.
  const ids = rows.map(({ aggregateid }) => aggregateid).filter((id) => UUID.test(id));
  return (await getOrders(database, ids)).orders;
}
