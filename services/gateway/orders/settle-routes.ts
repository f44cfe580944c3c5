import { settleOrder } from '#contracts/operator.ts';
import { noteSettlement } from '#contracts/order-operations.ts';
import { languageOf } from '#platform/http/language.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, orderNotFound } from '../context/service-clients.ts';
import { endingClients } from './order-clients.ts';
import { endOrder } from './recover-orders.ts';
import { maskedOrder } from './status-label.ts';

/** The operator's end of a pending order: what recovery does, now. */
export function serveSettlements(app: HttpServer, gateway: Gateway): void {
  const { clients, identifyOperator: identify } = gateway;

  serve(app, settleOrder, { identify }, async ({ caller, params, body, request }) => {
    const deadline = gateway.readDeadline();
    // Recorded first: no order ends by an operator without an entry in the audit trail.
    const noted = bodyOf(
      await clients.orders.call(
        noteSettlement,
        { params, query: {}, body },
        { deadline, actor: caller.customerId },
      ),
      [orderNotFound],
    );
    const order =
      noted.status === 'Pending'
        ? (
            await endOrder(
              endingClients(clients, () => deadline),
              noted,
            )
          ).order
        : noted;
    return {
      status: 200,
      body: maskedOrder(order, languageOf(request.headers['accept-language'])),
    };
  });
}
