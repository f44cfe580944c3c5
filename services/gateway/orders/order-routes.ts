import { billingProblems } from '#contracts/billing.ts';
import * as contract from '#contracts/gateway.ts';
import { type Order, orderProblems } from '#contracts/orders.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { type Language, languageOf } from '#platform/http/language.ts';
import { REPLAYED } from '#platform/http/replayed.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { requireKey } from '../web/response-headers.ts';
import { createDeclinedLimit } from './declined-limit.ts';
import { orderClients } from './order-clients.ts';
import type { OrderMetrics } from './order-metrics.ts';
import { type Outcome, placeOrder } from './place-order.ts';
import { withLabel } from './status-label.ts';
import { newOrderViolations, orderViolations } from './validate-order.ts';

const RETRY_AFTER_S = '1';

/** Placing an order. */
export function serveOrders(app: HttpServer, gateway: Gateway, count: OrderMetrics): void {
  const { clients, config, identify } = gateway;
  const declined = createDeclinedLimit({ perMinute: config.DECLINED_ORDERS_PER_MINUTE });

  serve(
    app,
    // As former versions took it: a repetition of their orders gets its answer.
    { ...contract.placeOrder, body: contract.RepeatedOrder },
    { identify, check: (body, found) => newOrderViolations(body, config.CURRENCY, found) },
    async ({ caller, body, headers, request }) => {
      const { customerId = caller.customerId, ...content } = body;
      if (customerId !== caller.customerId) {
        throw new AppError(contract.gatewayProblems.foreignCustomer, 'order in another name');
      }
      let found: Order | null = null;
      const deps = orderClients(clients, {
        deadline: deadlineIn(config.ORDER_DEADLINE_MS),
        onFound: (order) => {
          found = order;
        },
        onAlarm: (message) => request.log.error(message),
      });
      const { key, sentKey } = requireKey(headers);
      declined.check(customerId, key);
      void gateway.provisionProfile(caller);
      const order = { ...content, customerId, idempotencyKey: sentKey };
      const outcome = await count.request(placeOrder(deps, order));
      if (outcome.kind === 'order' && outcome.order.status === 'Cancelled') {
        declined.count(customerId, key);
      }
      const isReplay = repeats(found, outcome);
      return answerTo(outcome, languageOf(request.headers['accept-language']), isReplay);
    },
  );
}

/** Whether the answer is about an order as it was found, not one that this request has ended. */
function repeats(found: Order | null, outcome: Outcome): boolean {
  return found !== null && outcome.kind === 'order' && outcome.order.status === found.status;
}

/** The table of answers, step 5 of docs/protocol.md. */
function answerTo(outcome: Outcome, language: Language, isReplay: boolean) {
  if (outcome.kind === 'key-reused') {
    throw new AppError(orderProblems.keyReused, 'key reused with another body');
  }
  if (outcome.kind === 'unknown') {
    throw new AppError(commonProblems.unavailable, 'not known whether the order exists', {
      headers: { 'retry-after': RETRY_AFTER_S },
    });
  }
  const { order, shortage, walletCurrency } = outcome;
  const body = withLabel(order, language);
  const headers = { location: `/v1/orders/${body.id}`, ...(isReplay && REPLAYED) };
  switch (order.status) {
    case 'Paid':
      return { status: 201 as const, body, headers };
    case 'Pending':
      return { status: 202 as const, body, headers: { ...headers, 'retry-after': RETRY_AFTER_S } };
    case 'Cancelled':
      if (order.statusReason === 'voided') {
        throw new AppError(contract.gatewayProblems.orderVoided, `order ${body.id} was voided`, {
          extra: { order: body },
          headers,
          // The reason for the cancellation.
          violations: walletCurrency === undefined ? [] : orderViolations(body, walletCurrency),
        });
      }
      throw new AppError(billingProblems.insufficientFunds, `order ${body.id} declined`, {
        extra: { order: body, required: body.total, ...shortage },
        headers,
      });
  }
}
