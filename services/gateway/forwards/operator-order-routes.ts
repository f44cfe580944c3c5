import { readPendingOrders } from '#contracts/operator.ts';
import * as orders from '#contracts/orders.ts';
import { languageOf } from '#platform/http/language.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { problemOf } from '../context/service-clients.ts';
import { withLabel } from '../orders/order-routes.ts';

/** The operator's view of orders that have not ended. */
export function servePendingOrders(app: HttpServer, gateway: Gateway): void {
  const { clients, identifyOperator } = gateway;

  serve(
    app,
    readPendingOrders,
    { identify: identifyOperator },
    async ({ query, request, traceId }) => {
      const answer = await clients.orders.call(
        orders.listPendingOrders,
        { query },
        { deadline: gateway.readDeadline(), traceId },
      );
      if (answer.problem) throw problemOf(answer);
      const language = languageOf(request.headers['accept-language']);
      const data = answer.body.data.map((order) => withLabel(order, language));
      return { status: 200, body: { data, nextCursor: answer.body.nextCursor } };
    },
  );
}
