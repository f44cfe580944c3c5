import { listOperations, type OperatorOperation } from '#contracts/billing.ts';
import * as contract from '#contracts/gateway.ts';
import * as letters from '#contracts/notifications.ts';
import * as operator from '#contracts/operator.ts';
import * as operations from '#contracts/order-operations.ts';
import * as orders from '#contracts/orders.ts';
import type { HttpServer } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { withLabel, withLabels } from '../orders/status-label.ts';
import { forwardFor } from './forward.ts';

/** Every public operation that is one call of a service. */
export function serveForwards(app: HttpServer, gateway: Gateway): void {
  const { orders: ordersClient, billing, notifications } = gateway.clients;

  const own = forwardFor('customer', app, gateway);
  own(contract.readOrder, ordersClient, orders.getOrder, withLabel);
  own(contract.readOrders, ordersClient, orders.listOrders, withLabels);
  own(contract.readOperations, billing, listOperations, withoutOperators);
  own(contract.readLetters, notifications, letters.listLetters);
  own(contract.readLetter, notifications, letters.getLetter);

  const any = forwardFor('operator', app, gateway);
  any(operator.readPendingOrders, ordersClient, operations.listPendingOrders, withLabels);
  any(operator.readAnyOperations, billing, listOperations);
  any(operator.readAllLetters, notifications, letters.listAllLetters);
  any(operator.readAnyLetter, notifications, letters.getAnyLetter);
  any(operator.previewAnyLetter, notifications, letters.previewLetter);
  any(operator.resendAnyLetter, notifications, letters.resendLetter);
  any(operator.resendFailedLetters, notifications, letters.resendLetters);
  any(operator.readDeadLetters, notifications, letters.listDeadLetters);
  any(operator.readDeadLetter, notifications, letters.getDeadLetter);
  any(operator.redriveOne, notifications, letters.redriveDeadLetter);
  any(operator.redriveMany, notifications, letters.redriveDeadLetters);
}

type OperatorOperations = { data: OperatorOperation[]; nextCursor: string | null };

/** Only operators see which of them made a reversal. */
function withoutOperators({ data, nextCursor }: OperatorOperations) {
  return { data: data.map(({ madeBy: _, ...operation }) => operation), nextCursor };
}
