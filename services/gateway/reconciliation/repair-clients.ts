import * as billing from '#contracts/billing.ts';
import { acknowledgeLetter, listLetterRepairs } from '#contracts/letter-audit.ts';
import * as notifications from '#contracts/notifications.ts';
import * as operations from '#contracts/order-operations.ts';
import { type Repair, type RepairRefusal, repairProblems } from '#contracts/repairs.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { commonProblems } from '#platform/errors.ts';
import type { ProblemReply } from '#platform/http/client.ts';
import { bodyOf, foundIn, problemOf, type ServiceClients } from '../context/service-clients.ts';
import type { RepairDeps } from './repair-records.ts';

// Room for a second attempt at one step.
const STEP_TIMEOUT_MS = 5_000;

const { insufficientFunds, balanceLimit } = billing.billingProblems;

const REFUSALS: Record<string, RepairRefusal> = {
  [insufficientFunds.code]: 'insufficient-funds',
  [balanceLimit.code]: 'changed',
  [repairProblems.repairRefused.code]: 'changed',
  [commonProblems.notFound.code]: 'changed',
};

/** Why a step was refused, null where it was not. @throws AppError for any other problem */
function refusalIn(answer: ({ problem: true } & ProblemReply) | { problem: false }) {
  if (!answer.problem) return null;
  const refusal = REFUSALS[answer.body.code];
  if (refusal === undefined) throw problemOf(answer);
  return refusal;
}

/** Binds the repair to the services. @param actor the operator */
export function repairClients(clients: ServiceClients, actor: string): RepairDeps {
  const within = () => ({ deadline: deadlineIn(STEP_TIMEOUT_MS) });
  const step = () => ({ ...within(), actor });
  return {
    async findOrder(orderId) {
      const request = { params: { orderId }, query: {} };
      const found = foundIn(
        await clients.orders.call(operations.getOrderHistory, request, within()),
      );
      if (found === null) return null;
      const { order, event } = found;
      const operationId = order.payment?.operationId ?? null;
      return { status: order.status, operationId, eventId: event?.id ?? null };
    },
    async findBalance(customerId) {
      const request = { params: { customerId }, query: {} };
      return bodyOf(await clients.billing.call(billing.getWallet, request, within())).balance;
    },
    async findDelivery({ eventId, position }) {
      const { partition, offset } = position ?? {};
      const source = partition === undefined || offset === undefined ? {} : { partition, offset };
      const request = { params: { eventId: eventId ?? '' }, query: source };
      const answer = await clients.notifications.call(notifications.getDelivery, request, within());
      const { deadLetter, letter } = bodyOf(answer);
      if (letter !== null) return 'letter';
      return deadLetter?.state === 'dead' ? 'dead-letter' : 'nothing';
    },
    async repairPayment(orderId, body) {
      const request = { params: { orderId }, body };
      return refusalIn(await clients.billing.call(billing.repairPayment, request, step()));
    },
    async publishAgain(orderId, body) {
      const request = { params: { orderId }, body };
      return refusalIn(await clients.orders.call(operations.publishEventAgain, request, step()));
    },
    async acknowledgeLetter(letterId, body) {
      const request = { params: { letterId }, body };
      const call = acknowledgeLetter;
      return refusalIn(await clients.notifications.call(call, request, step()));
    },
  };
}

/** Repairs of all services, newest first: their ids sort by time. */
export async function listRepairs(
  clients: ServiceClients,
  { before, limit }: { before: string | null; limit: number },
): Promise<Repair[]> {
  const options = { deadline: deadlineIn(STEP_TIMEOUT_MS) };
  const request = { query: { limit, ...(before !== null && { before }) } };
  const [ofOrders, ofPayments, ofLetters] = await Promise.all([
    clients.orders.call(operations.listOrderRepairs, request, options),
    clients.billing.call(billing.listPaymentRepairs, request, options),
    clients.notifications.call(listLetterRepairs, request, options),
  ]);
  return [...bodyOf(ofOrders).data, ...bodyOf(ofPayments).data, ...bodyOf(ofLetters).data]
    .sort((one, other) => (one.id > other.id ? -1 : 1))
    .slice(0, limit);
}
