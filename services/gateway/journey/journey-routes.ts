import type { FastifyRequest } from 'fastify';
import * as billing from '#contracts/billing.ts';
import * as contract from '#contracts/gateway.ts';
import type { JourneyPayment } from '#contracts/journey.ts';
import * as notifications from '#contracts/notifications.ts';
import { readAnyJourney } from '#contracts/operator.ts';
import * as operations from '#contracts/order-operations.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import type { CallOptions } from '#platform/http/client.ts';
import { languageOf } from '#platform/http/language.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import {
  bodyOf,
  foundIn,
  orderNotFound,
  PART_TIMEOUT_MS,
  partOr,
} from '../context/service-clients.ts';
import { maskedOrder, withLabel } from '../orders/status-label.ts';
import { journeyOf, NOT_DELIVERED } from './journey.ts';

/** An order's journey through the services, for its customer and for the operator. */
export function serveJourneys(app: HttpServer, gateway: Gateway): void {
  const { identify, identifyOperator } = gateway;

  serve(app, contract.readJourney, { identify }, async ({ caller, params, request }) => {
    const { customerId } = caller;
    const body = await readJourney(gateway, { ...params, customerId, request });
    return { status: 200, body };
  });

  const any = { identify: identifyOperator };
  serve(app, readAnyJourney, any, async ({ caller, params, request }) => {
    const actor = caller.customerId;
    return { status: 200, body: await readJourney(gateway, { ...params, actor, request }) };
  });
}

interface JourneyRequest {
  orderId: string;
  /** The order's customer; absent for operators, to whom every address is masked. */
  customerId?: string;
  /** The operator. */
  actor?: string;
  request: FastifyRequest;
}

async function readJourney(gateway: Gateway, asked: JourneyRequest): Promise<contract.Journey> {
  const deadline = gateway.readDeadline();
  const { orderId, customerId, actor, request } = asked;
  const query = customerId === undefined ? {} : { customerId };
  const answer = await gateway.clients.orders.call(
    operations.getOrderHistory,
    { params: { orderId }, query },
    { deadline, actor },
  );
  const { order, recovery, event } = bodyOf(answer, [orderNotFound]);
  const timeoutMs = Math.min(PART_TIMEOUT_MS, deadline.remainingMs());
  const part = { deadline: deadlineIn(timeoutMs), actor };
  const [payment, delivery] = await Promise.all([
    partOr('unavailable' as const, request.log, () => readPayment(gateway, order.id, part)),
    partOr('unavailable' as const, request.log, () => readDelivery(gateway, event, query, part)),
  ]);
  const { ORDER_DEADLINE_MS: orderDeadlineMs, RECOVERY_AGE_MS: recoveryAgeMs } = gateway.config;
  const times = { now: new Date(), orderDeadlineMs, recoveryAgeMs };
  const journey = journeyOf({ order, recovery, event, payment, delivery }, times);
  const viewOf = customerId === undefined ? maskedOrder : withLabel;
  return { order: viewOf(order, languageOf(request.headers['accept-language'])), ...journey };
}

async function readPayment(
  { clients }: Gateway,
  id: string,
  part: CallOptions,
): Promise<JourneyPayment | null> {
  const request = { params: { orderId: id }, query: {} };
  const kept = foundIn(await clients.billing.call(billing.getDecision, request, part));
  if (kept === null) return null;
  const { orderId: _, ...payment } = kept;
  return payment;
}

async function readDelivery(
  { clients }: Gateway,
  event: operations.OrderEvent | null,
  whose: { customerId?: string },
  part: CallOptions,
): Promise<notifications.Delivery> {
  if (event === null) return NOT_DELIVERED;
  const { partition, offset } = event;
  const position = partition === null || offset === null ? {} : { partition, offset };
  const request = { params: { eventId: event.id }, query: { ...whose, ...position } };
  return bodyOf(await clients.notifications.call(notifications.getDelivery, request, part));
}
