import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import { ORDER_UPDATE_TYPE } from '#contracts/order-update-message.ts';
import * as contract from '#contracts/orders.ts';
import { uuidCursor } from '#contracts/patterns.ts';
import { createBatcher } from '#platform/async/batcher.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { decodeCursor, pageWith } from '#platform/http/page.ts';
import { recordRead } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { DatabaseClock } from '#platform/postgres/database-clock.ts';
import { isRowFault } from '#platform/postgres/errors.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { annotate, currentTraceparent } from '#platform/telemetry/tracing.ts';
import { newUuidAt } from '#platform/values/uuid.ts';
import { createOrder } from './create-order.ts';
import { listOrders } from './list-store.ts';
import { recordPayment } from './record-payment.ts';
import * as store from './store.ts';

export interface OrdersRoutesDeps {
  database: Database;
  clock: DatabaseClock;
  currency: string;
  /** Of the events that these routes write. */
  origin: store.EventOrigin;
  /** Called after a commit that put an event into the outbox. */
  onEvent: () => void;
}

const CURSOR = uuidCursor('orders');

// One at a time: two are each half as large, and a statement costs more than a row of it.
const BATCHES = { isItemError: isRowFault, batchMax: 64, maxConcurrency: 1, waitingMax: 1_024 };

// The largest orders have 170 KB: a statement of 64 of them would run into its time-out.
const INSERT_CHARACTERS_MAX = 1024 * 1024;

/** The internal API of orders (`contracts/orders.ts`). */
export function serveOrders(
  api: InternalApi,
  { database, clock, currency, origin, onEvent }: OrdersRoutesDeps,
) {
  const insertOrder = createBatcher({
    name: 'insert orders',
    run: (drafts: store.OrderDraft[]) => store.insertOrders(database, drafts),
    isOwn: ({ id }, order) => order === null || order.id === id,
    ...BATCHES,
    weightOf: ({ itemsJson }) => itemsJson.length,
    weightMax: INSERT_CHARACTERS_MAX,
  });
  const settleOrder = createBatcher({
    name: 'settle orders',
    run: (settlements: store.Settlement[]) => store.settleOrders(database, settlements),
    isOwn: ({ orderId }, order) => order === null || order.id === orderId,
    ...BATCHES,
  });

  api.serve(contract.createOrder, async ({ body }) => {
    const { order, created } = await createOrder(
      {
        currency,
        now: clock.now,
        insertOrder,
        findOrderByKey: (customerId, key) => store.findOrderByKey(database, customerId, key),
      },
      body,
    );
    annotate({ orderId: order.id });
    return { status: created ? 201 : 200, body: order };
  });

  api.serve(contract.recordPayment, async ({ params, body }) => {
    const { order, changed } = await recordPayment(
      {
        settleOrder: (id, record) =>
          settleOrder({
            // As PostgreSQL spells it, or the answer would not be recognised.
            orderId: id.toLowerCase(),
            record,
            event: {
              id: newUuidAt(clock.now()),
              type: ORDER_UPDATE_TYPE,
              traceparent: currentTraceparent(),
              ...origin,
            },
          }),
        findOrder: (id) => store.findOrder(database, id),
      },
      params.orderId,
      body,
    );
    if (changed) onEvent();
    return { status: 200, body: order };
  });

  api.serve(contract.getOrder, async ({ params, query }) => {
    const order = await store.findOrder(database, params.orderId);
    // The same answer for a foreign and for a missing order, so that ids cannot be probed.
    if (order === null || order.customerId !== query.customerId) {
      throw new AppError(commonProblems.notFound, `no order ${params.orderId} of this customer`);
    }
    return { status: 200, body: order };
  });

  api.serve(contract.listOrders, async ({ query, request }) => {
    const { customerId } = query;
    const limit = query.limit ?? PAGE_SIZE_DEFAULT;
    const { orders, more } = await listOrders(database, {
      customerId,
      status: query.status ?? null,
      before: decodeCursor(query.cursor, CURSOR),
      limit,
    });
    const read = { actor: actorOf(request), action: 'list-orders', subject: { customerId } };
    if (orders.length > 0) await recordRead(database, read);
    return { status: 200, body: pageWith(orders, more, (order) => `orders:${order.id}`) };
  });
}
