import { listOperations, type OperatorOperation } from '#contracts/billing.ts';
import * as contract from '#contracts/gateway.ts';
import * as letters from '#contracts/notifications.ts';
import * as operator from '#contracts/operator.ts';
import * as operations from '#contracts/order-operations.ts';
import * as orders from '#contracts/orders.ts';
import * as wallets from '#contracts/wallet-lists.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, partOr } from '../context/service-clients.ts';
import { maskedOrders, withLabel, withLabels } from '../orders/status-label.ts';
import { forwardFor } from './forward.ts';

// Longer than notifications waits for a broker that hangs, so that its part still arrives.
const OVERVIEW_TIMEOUT_MS = 2_500;

/** Every public operation that is one call of a service, and the operator's overview of two. */
export function serveForwards(app: HttpServer, gateway: Gateway): void {
  const { orders: ordersClient, billing, notifications } = gateway.clients;

  const own = forwardFor('customer', app, gateway);
  own(contract.readOrder, ordersClient, orders.getOrder, withLabel);
  own(contract.readOrders, ordersClient, orders.listOrders, withLabels);
  own(contract.readOperations, billing, listOperations, withoutOperators);
  own(contract.readLetters, notifications, letters.listLetters);
  own(contract.readLetter, notifications, letters.getLetter);

  const any = forwardFor('operator', app, gateway);
  any(operator.readPendingOrders, ordersClient, operations.listPendingOrders, maskedOrders);
  any(operator.readAllOrders, ordersClient, operations.listAllOrders, maskedOrders);
  any(operator.readAnyOperations, billing, listOperations);
  any(operator.readAllOperations, billing, wallets.listAllOperations);
  any(operator.readAnyOperation, billing, wallets.getAnyOperation);
  any(operator.readAllLetters, notifications, letters.listAllLetters);
  any(operator.readAnyLetter, notifications, letters.getAnyLetter);
  any(operator.previewAnyLetter, notifications, letters.previewLetter);
  any(operator.readLetterTemplates, notifications, letters.listLetterTemplates);
  any(operator.resendAnyLetter, notifications, letters.resendLetter);
  any(operator.resendFailedLetters, notifications, letters.resendLetters);
  any(operator.acknowledgeLetters, notifications, letters.acknowledgeFailedLetters);
  any(operator.readDeadLetters, notifications, letters.listDeadLetters);
  any(operator.readDeadLetter, notifications, letters.getDeadLetter);
  any(operator.redriveOne, notifications, letters.redriveDeadLetter);
  any(operator.redriveMany, notifications, letters.redriveDeadLetters);
  any(operator.discardMany, notifications, letters.discardDeadLetters);

  const { identifyOperator: identify } = gateway;
  serve(app, operator.readOverview, { identify }, async ({ request }) => {
    const part = { deadline: deadlineIn(OVERVIEW_TIMEOUT_MS) };
    const [ofOrders, ofNotifications] = await Promise.all([
      partOr(null, request.log, async () =>
        bodyOf(await ordersClient.call(operations.getOrdersOverview, { query: {} }, part)),
      ),
      partOr(null, request.log, async () =>
        bodyOf(await notifications.call(letters.getNotificationsOverview, { query: {} }, part)),
      ),
    ]);
    const own = gateway.overview();
    return {
      status: 200,
      body: {
        at: new Date().toISOString(),
        orders: ofOrders,
        notifications: ofNotifications,
        ...(own !== null && { gateway: own }),
      },
    };
  });
}

type OperatorOperations = { data: OperatorOperation[]; nextCursor: string | null };

/** Only operators see which of them made a reversal. */
function withoutOperators({ data, nextCursor }: OperatorOperations) {
  return { data: data.map(({ madeBy: _, ...operation }) => operation), nextCursor };
}
