import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import * as contract from '#contracts/order-operations.ts';
import type { Order } from '#contracts/orders.ts';
import { uuidCursor } from '#contracts/patterns.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { amountRangeOf, timeRangeOf } from '#platform/http/list-range.ts';
import { decodeCursor, encodeCursor, pageWith } from '#platform/http/page.ts';
import { recordAudit, recordRead } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { findOrder } from '../lifecycle/store.ts';
import { findOrdersWithin, findTracedOrders, getOrders, searchOrders } from './search-store.ts';
import { lockPending } from './settlement-store.ts';

/** The orders of all customers, for operators. */
export function serveOperatorOrders(api: InternalApi, database: Database): void {
  api.serve(contract.listAllOrders, async ({ query, request }) => {
    const { limit = PAGE_SIZE_DEFAULT, customerId = null, status = null, reason = null } = query;
    const oldestFirst = query.sort === 'oldest';
    // A cursor is of one direction: in the other one it would skip all that is to come.
    const list = oldestFirst ? 'all-orders-oldest' : 'all-orders';
    const { ids, last } = await searchOrders(
      database,
      {
        ...{ customerId, status, reason, oldestFirst },
        ...timeRangeOf(query),
        ...amountRangeOf(query),
        after: decodeCursor(query.cursor, uuidCursor(list)),
      },
      limit,
    );
    const taken = ids.slice(0, limit);
    const found = await getOrders(database, taken, oldestFirst);
    const subject = customerId === null ? {} : { customerId };
    const read = { actor: actorOf(request), action: 'list-orders', subject };
    if (found.orders.length > 0) await recordRead(database, read);
    const keyOf = ({ id }: Pick<Order, 'id'>) => `${list}:${id}`;
    const page = pageWith(found.orders, found.more, keyOf);
    const end = taken.length < ids.length ? (taken.at(-1) ?? null) : last;
    const nextCursor = page.nextCursor ?? (end && encodeCursor(keyOf({ id: end })));
    return { status: 200, body: { data: page.data, nextCursor } };
  });

  api.serve(contract.findOrders, async ({ query, request }) => {
    const { first, last, traceId } = query;
    const data = await find();
    for (const { id: orderId, customerId } of data) {
      const subject = { orderId, customerId };
      await recordRead(database, { actor: actorOf(request), action: 'find-order', subject });
    }
    return { status: 200, body: { data } };

    async function find(): Promise<Order[]> {
      const max = contract.ORDERS_FOUND_MAX;
      if (traceId !== undefined) return findTracedOrders(database, traceId, max);
      if (first !== undefined && last !== undefined) {
        return findOrdersWithin(database, { first, last }, max);
      }
      throw new AppError(commonProblems.invalidRequest, 'neither a range nor a trace', {
        violations: [{ parameter: first === undefined ? 'first' : 'last', rule: 'required' }],
      });
    }
  });

  api.serve(contract.noteSettlement, async ({ params, body, request }) => {
    const pending = await database.transaction(async (tx) => {
      const order = await lockPending(tx, params.orderId);
      if (order === null) return null;
      await recordAudit(tx, {
        actor: actorOf(request),
        action: 'settle-order',
        subject: { orderId: order.id, customerId: order.customerId },
        reason: body.reason,
        before: { status: order.status },
      });
      return order;
    });
    const order = pending ?? (await findOrder(database, params.orderId));
    if (order === null) throw new AppError(commonProblems.notFound, `no order ${params.orderId}`);
    return { status: 200, body: order };
  });
}
