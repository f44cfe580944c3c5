import { getNotificationsOverview } from '#contracts/notifications.ts';
import { readOverview } from '#contracts/operator.ts';
import { getOrdersOverview } from '#contracts/order-operations.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, partOr } from '../context/service-clients.ts';

// Longer than notifications waits for a broker that hangs, so that its part still arrives.
const OVERVIEW_TIMEOUT_MS = 2_500;

/** The state of the system, for the operator. */
export function serveOverview(app: HttpServer, gateway: Gateway): void {
  const options = { identify: gateway.identifyOperator };

  serve(app, readOverview, options, async ({ request, traceId }) => {
    const part = { deadline: deadlineIn(OVERVIEW_TIMEOUT_MS), traceId };
    const { orders: ordersClient, notifications: notificationsClient } = gateway.clients;
    const [ordersPart, notificationsPart] = await Promise.all([
      partOr(null, request.log, async () =>
        bodyOf(await ordersClient.call(getOrdersOverview, { query: {} }, part)),
      ),
      partOr(null, request.log, async () =>
        bodyOf(await notificationsClient.call(getNotificationsOverview, { query: {} }, part)),
      ),
    ]);
    const at = new Date().toISOString();
    return { status: 200, body: { at, orders: ordersPart, notifications: notificationsPart } };
  });
}
