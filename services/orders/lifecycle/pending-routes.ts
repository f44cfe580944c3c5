import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import * as operations from '#contracts/order-operations.ts';
import * as contract from '#contracts/orders.ts';
import { uuidCursor } from '#contracts/patterns.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { decodeCursor, pageWith } from '#platform/http/page.ts';
import { recordRead } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import * as pendingStore from './pending-store.ts';
import { findOrder } from './store.ts';

const PENDING_CURSOR = uuidCursor('pending');

/** Pending orders, for recovery and for the operator. */
export function servePendingOrders(api: InternalApi, database: Database): void {
  api.serve(contract.claimPendingOrders, async ({ body }) => {
    return { status: 200, body: { data: await pendingStore.claimPending(database, body) } };
  });

  api.serve(operations.listPendingOrders, async ({ query, request }) => {
    const limit = query.limit ?? PAGE_SIZE_DEFAULT;
    const { orders, more } = await pendingStore.listPending(database, {
      minAgeMs: query.minAgeMs ?? 0,
      before: decodeCursor(query.cursor, PENDING_CURSOR),
      limit,
    });
    const read = { actor: actorOf(request), action: 'list-orders', subject: {} };
    if (orders.length > 0) await recordRead(database, read);
    return { status: 200, body: pageWith(orders, more, (order) => `pending:${order.id}`) };
  });

  api.serve(operations.noteRecoveryFailure, async ({ params, body }) => {
    const { orderId } = params;
    const order =
      (await pendingStore.noteRecoveryFailure(database, orderId, body.error)) ??
      (await findOrder(database, orderId));
    if (order === null) throw new AppError(commonProblems.notFound, `no order ${orderId}`);
    return { status: 200, body: order };
  });
}
