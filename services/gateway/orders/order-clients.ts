import * as billing from '#contracts/billing.ts';
import * as operations from '#contracts/order-operations.ts';
import * as orders from '#contracts/orders.ts';
import { LINE_BREAKS } from '#contracts/patterns.ts';
import type { Deadline } from '#platform/async/deadline.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { ProblemReply } from '#platform/http/client.ts';
import { annotate } from '#platform/telemetry/tracing.ts';
import { bodyOf, problemOf, type ServiceClients } from '../context/service-clients.ts';
import type { Decision, OrderRequest, PlaceOrderDeps } from './place-order.ts';
import type { RecoverOrdersDeps } from './recover-orders.ts';

// The service refused the request itself: its limits differ from those of the gateway.
const FINAL_STATUSES = [400, 413, 414, 431];

/** The clients, and the deadline, trace and alarms of one request. */
interface OrderCalls {
  clients: ServiceClients;
  options: {
    deadline: Deadline;
    onAlarm: (message: string) => void;
    /** Gets the order where an earlier request of the customer created it. */
    onFound?: (order: orders.Order) => void;
  };
}

/** Binds the order story to the services, within one request's deadline. */
export function orderClients(
  clients: ServiceClients,
  options: OrderCalls['options'],
): PlaceOrderDeps {
  const calls = { clients, options };
  return {
    createOrder: (request) => orNull(() => createOrder(calls, request)),
    decidePayment: (order) => orNull(() => decidePayment(calls, order)),
    findDecision: (order) => orNull(() => findDecision(calls, order)),
    recordPayment: (order, decision) => orNull(() => recordPayment(calls, order, decision)),
    onAlarm: options.onAlarm,
  };
}

async function createOrder({ clients, options }: OrderCalls, request: OrderRequest) {
  const answer = await clients.orders.call(orders.createOrder, { body: request }, options);
  if (!answer.problem) {
    annotate({ orderId: answer.body.id });
    // After an attempt without an answer, that attempt may have created it.
    const isFound = answer.status === 200 && (answer.attempts ?? 1) === 1;
    if (isFound) options.onFound?.(answer.body);
    return own(
      options,
      answer.body,
      answer.body.customerId === request.customerId,
      'create an order',
    );
  }
  if (answer.body.code === orders.orderProblems.keyReused.code) return 'key-reused';
  const violations = answer.status === 400 ? orders.blankTextsOf(request.items) : [];
  if (violations.length > 0) {
    throw new AppError(commonProblems.invalidRequest, 'a text has no visible character', {
      violations,
      expected: true,
    });
  }
  // The gateway found no violation, so the settings of the two differ.
  alarm(options, 'create an order', answer);
  // Nothing was stored, and a repetition would be refused again.
  if (FINAL_STATUSES.includes(answer.status)) throw problemOf(answer);
  return null;
}

async function decidePayment(calls: OrderCalls, order: orders.Order): Promise<Decision | null> {
  const { clients, options } = calls;
  const answer = await clients.billing.call(billing.decidePayment, paymentOf(order), options);
  if (!answer.problem) {
    const { orderId, operation } = answer.body;
    const decision = { decision: 'captured', operationId: operation.id } as const;
    const isOwn = orderId === order.id && operation.orderId === order.id;
    return own(options, decision, isOwn, `pay ${order.id}`);
  }
  const walletCurrency = walletCurrencyIn(answer);
  if (walletCurrency !== undefined) return voidForeign(calls, order, walletCurrency);
  return refusalOf(answer) ?? alarm(options, `pay ${order.id}`, answer);
}

/** Nothing is decided, and a repetition decides nothing either: voids now, as recovery would. */
async function voidForeign(
  { clients, options }: OrderCalls,
  order: orders.Order,
  walletCurrency: string,
): Promise<Decision | null> {
  const { currency } = order.total;
  options.onAlarm(`order ${order.id} is in ${currency}, the wallet in ${walletCurrency}`);
  const answer = await clients.billing.call(billing.voidPayment, paymentOf(order), options);
  const isVoided = !answer.problem && answer.body.decision === 'voided';
  return isVoided ? { decision: 'voided', walletCurrency } : null;
}

async function findDecision({ clients, options }: OrderCalls, order: orders.Order) {
  const request = { params: { orderId: order.id }, query: {} };
  const answer = await clients.billing.call(billing.getDecision, request, options);
  const action = `read the decision of ${order.id}`;
  if (!answer.problem) return own(options, answer.body, answer.body.orderId === order.id, action);
  if (answer.body.code === commonProblems.notFound.code) return 'none';
  return alarm(options, action, answer);
}

async function recordPayment(calls: OrderCalls, order: orders.Order, decision: Decision) {
  const { clients, options } = calls;
  const record = recordOf(decision);
  const request = { params: { orderId: order.id }, body: record };
  const answer = await clients.orders.call(orders.recordPayment, request, options);
  const action = `record ${record.decision} for ${order.id}`;
  if (!answer.problem) return own(options, answer.body, answer.body.id === order.id, action);
  if (answer.body.code !== orders.orderProblems.paymentContradicted.code) {
    return alarm(options, action, answer);
  }
  // The order has ended with another decision: answer with the order as it ended.
  const query = { customerId: order.customerId };
  const stored = await clients.orders.call(
    orders.getOrder,
    { params: request.params, query },
    options,
  );
  if (!stored.problem) return own(options, stored.body, stored.body.id === order.id, action);
  return alarm(options, `read ${order.id}`, stored);
}

/** An answer about another order is a defect and no answer for this one. */
function own<T>({ onAlarm }: Alarms, answer: T, isOwn: boolean, action: string): T | null {
  if (isOwn) return answer;
  onAlarm(`${action}: the answer is about another order`);
  return null;
}

type Alarms = Pick<OrderCalls['options'], 'onAlarm'>;

export interface RecoveryClients
  extends Pick<RecoverOrdersDeps, 'claimPending' | 'voidPayment' | 'recordPayment'> {
  /** Stores for the operator why recovery failed. One attempt. */
  noteFailure: (order: orders.Order, reason: string) => Promise<void>;
}

/** Binds the end of a pending order to the services. */
export function endingClients(
  { orders: ordersClient, billing: billingClient }: ServiceClients,
  deadlineOf: () => Deadline,
): Pick<RecoverOrdersDeps, 'voidPayment' | 'recordPayment'> {
  return {
    async voidPayment(order) {
      const deadline = deadlineOf();
      const answer = await billingClient.call(billing.voidPayment, paymentOf(order), { deadline });
      return requireOwn(bodyOf(answer), bodyOf(answer).orderId, order);
    },
    async recordPayment(order, record) {
      const deadline = deadlineOf();
      const request = { params: { orderId: order.id }, body: record };
      const answer = await ordersClient.call(orders.recordPayment, request, { deadline });
      return requireOwn(bodyOf(answer), bodyOf(answer).id, order);
    },
  };
}

/** Binds the recovery story to the services. */
export function recoveryClients(
  clients: ServiceClients,
  options: { olderThanMs: number; leaseMs: number; limit: number; deadline: () => Deadline },
): RecoveryClients {
  const { olderThanMs, leaseMs, limit } = options;
  return {
    ...endingClients(clients, options.deadline),
    async claimPending() {
      const request = { query: {}, body: { olderThanMs, leaseMs, limit } };
      const answer = await clients.orders.call(orders.claimPendingOrders, request);
      if (answer.problem) throw problemOf(answer);
      return answer.body.data;
    },
    async noteFailure(order, reason) {
      const request = { params: { orderId: order.id }, body: { error: lineOf(reason) } };
      await clients.orders.call(operations.noteRecoveryFailure, request);
    },
  };
}

/** Nothing ends by an answer about another order. @throws AppError `internal` */
function requireOwn<T>(answer: T, id: string, order: orders.Order): T {
  if (id === order.id) return answer;
  throw new AppError(commonProblems.internal, `an answer for ${order.id} is about ${id}`);
}

/** A text that the contract takes as a reason (`lineOfText`): orders would refuse any other. */
function lineOf(text: string): string {
  const line = text
    .slice(0, operations.RECOVERY_ERROR_MAX)
    .toWellFormed()
    .replace(LINE_BREAKS, ' ');
  return line || 'no reason given';
}

/** The amount comes from the stored order, never from the client. */
function paymentOf(order: orders.Order) {
  return {
    params: { orderId: order.id },
    body: { customerId: order.customerId, amount: order.total },
  };
}

function recordOf(decision: Decision): orders.PaymentRecord {
  if (decision.decision === 'captured') return decision;
  return { decision: decision.decision };
}

/** The currency of the wallet, where billing refuses a charge in another one. */
function walletCurrencyIn({ body }: ProblemReply): string | undefined {
  return body.errors?.find(({ pointer }) => pointer === '/amount/currency')?.expected;
}

function refusalOf({ body }: ProblemReply): Decision | null {
  if (body.code === billing.billingProblems.insufficientFunds.code) {
    const { balance, required, shortfall } = body as unknown as Partial<billing.Shortage>;
    const known = balance !== undefined && required !== undefined && shortfall !== undefined;
    return { decision: 'declined', shortage: known ? { balance, required, shortfall } : null };
  }
  return body.code === billing.billingProblems.paymentVoided.code ? { decision: 'voided' } : null;
}

/** Null where no answer came in time: the story decides about that. */
async function orNull<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AppError && error.problem.kind === 'unavailable') return null;
    throw error;
  }
}

/**
 * Logs an answer that no protocol step allows: a defect or a wrong setting. For the customer it is
 * no answer, and recovery ends the order.
 */
function alarm({ onAlarm }: Alarms, action: string, answer: ProblemReply): null {
  onAlarm(`${action}: answered ${answer.status} ${answer.body.code}`);
  return null;
}
