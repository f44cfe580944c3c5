import { getNotificationsHistory } from '#contracts/notifications.ts';
import { readOverviewHistory } from '#contracts/operator.ts';
import { getOrdersHistory } from '#contracts/order-operations.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import { SAMPLE_STEP_MS } from '#platform/postgres/sampling.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, PART_TIMEOUT_MS, partOr } from '../context/service-clients.ts';

/** The figures of the last hour, which orders and notifications keep. */
export function serveHistory(app: HttpServer, gateway: Gateway): void {
  const { identifyOperator: identify, clients } = gateway;
  serve(app, readOverviewHistory, { identify }, async ({ request }) => {
    const part = { deadline: deadlineIn(PART_TIMEOUT_MS) };
    const [orders, notifications] = await Promise.all([
      partOr(null, request.log, async () =>
        bodyOf(await clients.orders.call(getOrdersHistory, { query: {} }, part)),
      ),
      partOr(null, request.log, async () =>
        bodyOf(await clients.notifications.call(getNotificationsHistory, { query: {} }, part)),
      ),
    ]);
    return {
      status: 200,
      body: {
        at: new Date().toISOString(),
        stepMs: SAMPLE_STEP_MS,
        orders: orders?.data ?? null,
        notifications: notifications?.data ?? null,
      },
    };
  });
}
