import * as billing from '#contracts/billing.ts';
import * as letterAudit from '#contracts/letter-audit.ts';
import * as orders from '#contracts/orders.ts';
import { pause } from '#platform/async/backoff.ts';
import { type Deadline, deadlineIn } from '#platform/async/deadline.ts';
import { bodyOf, type ServiceClients } from '../context/service-clients.ts';
import type { VerifyLedgerDeps } from './verify-ledger.ts';

// Room for a second attempt at one page.
const PAGE_BUDGET_MS = 5_000;
// Longer than billing lets its statement run.
const WALLETS_ATTEMPT_MS = 12_000;

/**
 * Binds the check of the books to the services.
 * @param options.deadline after it no further part is begun
 * @param options.stop aborted when the gateway stops
 */
export function ledgerClients(
  clients: ServiceClients,
  options: { deadline: Deadline; stop: AbortSignal; traceId: string },
): VerifyLedgerDeps {
  const { deadline, stop, traceId } = options;
  const page = () => ({ deadline: deadlineIn(PAGE_BUDGET_MS), traceId });
  return {
    async auditOrders(bounds) {
      const query = withoutNulls(bounds);
      const answer = await clients.orders.call(orders.auditOrders, { query }, page());
      return bodyOf(answer).data;
    },
    async auditEvents(bounds) {
      const query = withoutNulls(bounds);
      return bodyOf(await clients.orders.call(orders.auditEvents, { query }, page()));
    },
    async auditPayments(bounds) {
      const query = withoutNulls(bounds);
      const answer = await clients.billing.call(billing.auditPayments, { query }, page());
      return bodyOf(answer).data;
    },
    async auditWallets(bounds) {
      const query = withoutNulls(bounds);
      const options = {
        deadline: deadlineIn(WALLETS_ATTEMPT_MS),
        attemptTimeoutMs: WALLETS_ATTEMPT_MS,
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

/** A bound that is not there is left out of the query. */
function withoutNulls<T extends object>(bounds: T): WithoutNulls<T> {
  return Object.fromEntries(
    Object.entries(bounds).filter(([, value]) => value !== null),
  ) as WithoutNulls<T>;
}
