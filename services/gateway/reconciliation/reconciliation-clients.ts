import * as billing from '#contracts/billing.ts';
import * as letterAudit from '#contracts/letter-audit.ts';
import * as operations from '#contracts/order-operations.ts';
import { pause } from '#platform/async/backoff.ts';
import { type Deadline, deadlineIn } from '#platform/async/deadline.ts';
import { bodyOf, type ServiceClients } from '../context/service-clients.ts';
import type { ReconcileDeps } from './reconcile.ts';

// Room for a second attempt at one page.
const PAGE_TIMEOUT_MS = 5_000;
// Longer than billing lets its statement run.
const WALLETS_TIMEOUT_MS = 12_000;

/**
 * Binds the reconciliation to the services.
 * @param options.deadline after it no further page is read
 * @param options.stop aborted when the gateway stops
 */
export function reconciliationClients(
  clients: ServiceClients,
  options: { deadline: Deadline; stop: AbortSignal; traceId: string },
): ReconcileDeps {
  const { deadline, stop, traceId } = options;
  const page = () => ({ deadline: deadlineIn(PAGE_TIMEOUT_MS), traceId });
  return {
    async auditOrders(bounds) {
      const query = withoutNulls(bounds);
      const answer = await clients.orders.call(operations.auditOrders, { query }, page());
      return bodyOf(answer).data;
    },
    async auditEvents(bounds) {
      const query = withoutNulls(bounds);
      return bodyOf(await clients.orders.call(operations.auditEvents, { query }, page()));
    },
    async auditPayments(bounds) {
      const query = withoutNulls(bounds);
      const answer = await clients.billing.call(billing.auditPayments, { query }, page());
      return bodyOf(answer).data;
    },
    async auditWallets(bounds) {
      const query = withoutNulls(bounds);
      const options = {
        deadline: deadlineIn(WALLETS_TIMEOUT_MS),
        attemptTimeoutMs: WALLETS_TIMEOUT_MS,
        traceId,
      };
      return bodyOf(await clients.billing.call(billing.auditWallets, { query }, options));
    },
    async auditLetters(bounds) {
      const query = withoutNulls(bounds);
      const request = { query };
      return bodyOf(await clients.notifications.call(letterAudit.auditLetters, request, page()))
        .data;
    },
    async auditPositions() {
      const request = { query: {} };
      return bodyOf(await clients.notifications.call(letterAudit.auditPositions, request, page()));
    },
    mayGoOn: () => deadline.remainingMs() > 0 && !stop.aborted,
    async pause(ms) {
      await pause(ms, stop);
      return !stop.aborted;
    },
  };
}

type WithoutNulls<T> = { [K in keyof T as null extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as null extends T[K] ? K : never]?: NonNullable<T[K]>;
};

/** Bounds that are null are left out of the query. */
function withoutNulls<T extends object>(bounds: T): WithoutNulls<T> {
  return Object.fromEntries(
    Object.entries(bounds).filter(([, value]) => value !== null),
  ) as WithoutNulls<T>;
}
