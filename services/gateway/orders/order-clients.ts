import * as billing from '#contracts/billing.ts';
import * as orders from '#contracts/orders.ts';
import { LINE_BREAKS } from '#contracts/patterns.ts';
import type { Deadline } from '#platform/async/deadline.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { ProblemReply } from '#platform/http/client.ts';
import { bodyOf, problemOf, type ServiceClients } from '../context/service-clients.ts';
import type { Decision, PlaceOrderDeps } from './place-order.ts';
import type { RecoverOrdersDeps } from './recover-orders.ts';

// The hop refused the request itself: its rules are not those of the gateway.
const FINAL_STATUSES = [400, 413, 414, 431];

/** Binds the order story to the services, within one request's budget. */
export function orderClients(
  { orders: ordersClient, billing: billingClient }: ServiceClients,
  options: { deadline: Deadline; traceId: string; onAlarm: (message: string) => void },
): PlaceOrderDeps {
  /** An answer about another order is a defect: for this one it is no answer. */
  function own<T>(answer: T, isOwn: boolean, action: string): T | null {
    if (isOwn) return answer;
    options.onAlarm(`${action}: the answer is about another order`);
    return null;
  }

  async function voidForeign(order: orders.Order, walletCurrency: string) {
    const answer = await billingClient.call(billing.voidPayment, paymentOf(order), options);
    if (!answer.problem && answer.body.decision === 'voided') {
      return { decision: 'voided', walletCurrency } as const;
    }
    return null;
  }

  return {
    createOrder: (request) =>
      orNull(async () => {
        const answer = await ordersClient.call(orders.createOrder, { body: request }, options);
        if (!answer.problem) {
          return own(answer.body, answer.body.customerId === request.customerId, 'create an order');
        }
        if (answer.body.code === orders.orderProblems.keyReused.code) return 'key-reused';
        // Where the gateway found no fault, the settings of the two differ.
        alarm(options.onAlarm, 'create an order', answer);
        // Nothing was stored, and a repetition would be refused again.
        if (FINAL_STATUSES.includes(answer.status)) throw problemOf(answer);
        return null;
      }),
    decidePayment: (order) =>
      orNull(async () => {
        const answer = await billingClient.call(billing.decidePayment, paymentOf(order), options);
        if (!answer.problem) {
          const { orderId, operation } = answer.body;
          const decision = { decision: 'captured', operationId: operation.id } as const;
          const isOwn = orderId === order.id && operation.orderId === order.id;
          return own(decision, isOwn, `pay ${order.id}`);
        }
        const walletCurrency = walletCurrencyIn(answer);
        if (walletCurrency === undefined) {
          return refusalOf(answer) ?? alarm(options.onAlarm, `pay ${order.id}`, answer);
        }
        const { currency } = order.total;
        options.onAlarm(`order ${order.id} is in ${currency}, the wallet in ${walletCurrency}`);
        // Nothing is decided, and no repetition will be: closed now, as recovery would later.
        return voidForeign(order, walletCurrency);
      }),
    findDecision: (order) =>
      orNull(async () => {
        const request = { params: { orderId: order.id }, query: {} };
        const answer = await billingClient.call(billing.getDecision, request, options);
        const action = `read the decision of ${order.id}`;
        if (!answer.problem) return own(answer.body, answer.body.orderId === order.id, action);
        if (answer.body.code === commonProblems.notFound.code) return 'none';
        return alarm(options.onAlarm, action, answer);
      }),
    recordPayment: (order, decision) =>
      orNull(async () => {
        const record = recordOf(decision);
        const params = { orderId: order.id };
        const request = { params, body: record };
        const answer = await ordersClient.call(orders.recordPayment, request, options);
        const action = `record ${record.decision} for ${order.id}`;
        if (!answer.problem) return own(answer.body, answer.body.id === order.id, action);
        if (answer.body.code !== orders.orderProblems.paymentContradicted.code) {
          return alarm(options.onAlarm, action, answer);
        }
        // The order has ended with another decision: how it ended is what counts.
        const query = { customerId: order.customerId };
        const stored = await ordersClient.call(orders.getOrder, { params, query }, options);
        if (!stored.problem) return own(stored.body, stored.body.id === order.id, action);
        return alarm(options.onAlarm, `read ${order.id}`, stored);
      }),
    onAlarm: options.onAlarm,
  };
}

export interface RecoveryClients
  extends Pick<RecoverOrdersDeps, 'claimPending' | 'voidPayment' | 'recordPayment'> {
  /** Keeps for the operator why an order could not be recovered. One attempt. */
  noteFailure: (order: orders.Order, reason: string) => Promise<void>;
}

/** Binds the recovery story to the services. */
export function recoveryClients(
  { orders: ordersClient, billing: billingClient }: ServiceClients,
  options: { olderThanMs: number; leaseMs: number; limit: number; deadline: () => Deadline },
): RecoveryClients {
  const { olderThanMs, leaseMs, limit } = options;
  return {
    async claimPending() {
      const request = { query: {}, body: { olderThanMs, leaseMs, limit } };
      const answer = await ordersClient.call(orders.claimPendingOrders, request);
      if (answer.problem) throw problemOf(answer);
      return answer.body.data;
    },
    async voidPayment(order) {
      const deadline = options.deadline();
      const answer = await billingClient.call(billing.voidPayment, paymentOf(order), { deadline });
      return requireOwn(bodyOf(answer), bodyOf(answer).orderId, order);
    },
    async recordPayment(order, record) {
      const deadline = options.deadline();
      const request = { params: { orderId: order.id }, body: record };
      const answer = await ordersClient.call(orders.recordPayment, request, { deadline });
      return requireOwn(bodyOf(answer), bodyOf(answer).id, order);
    },
    async noteFailure(order, reason) {
      const request = { params: { orderId: order.id }, body: { error: lineOf(reason) } };
      await ordersClient.call(orders.noteRecoveryFailure, request);
    },
  };
}

/** Recovery acts on no answer about another order. @throws AppError `internal` */
function requireOwn<T>(answer: T, id: string, order: orders.Order): T {
  if (id === order.id) return answer;
  throw new AppError(commonProblems.internal, `an answer for ${order.id} is about ${id}`);
}

/** A text that the contract takes as a reason (`lineOfText`): orders would refuse any other. */
function lineOf(text: string): string {
  const line = text.slice(0, orders.RECOVERY_ERROR_MAX).toWellFormed().replace(LINE_BREAKS, ' ');
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

/** No answer in time is not an answer: the story decides what that means. */
async function orNull<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AppError && error.problem.kind === 'unavailable') return null;
    throw error;
  }
}

/**
 * An answer that no protocol step allows: a defect or a wrong setting, told loudly. For the
 * customer it is no answer; the order stays for recovery.
 */
function alarm(onAlarm: (message: string) => void, action: string, answer: ProblemReply): null {
  onAlarm(`${action}: answered ${answer.status} ${answer.body.code}`);
  return null;
}
