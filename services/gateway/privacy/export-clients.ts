import { getWallet, listOperations } from '#contracts/billing.ts';
import { listLetters } from '#contracts/notifications.ts';
import { listOrders } from '#contracts/orders.ts';
import { getAccountData } from '#contracts/privacy.ts';
import { getProfile } from '#contracts/profiles.ts';
import { type Deadline, deadlineIn } from '#platform/async/deadline.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { bodyOf, foundIn, type ServiceClients } from '../context/service-clients.ts';
import type { ExportDataDeps } from './export-data.ts';

// As many as a list gives at once; a list ends its page earlier where the elements are large.
const PAGE = 100;
const CALL_TIMEOUT_MS = 5_000;

/**
 * Binds an export to the services.
 * @param actor the operator who asks; undefined for the customer
 * @param limit of the whole document
 */
export function exportClients(
  clients: ServiceClients,
  {
    customerId,
    actor,
    limit,
    stop,
  }: { customerId: string; actor: string | undefined; limit: Deadline; stop: AbortSignal },
): ExportDataDeps {
  const params = { customerId };
  function part() {
    const remainingMs = stop.aborted ? 0 : limit.remainingMs();
    if (remainingMs === 0) {
      throw new AppError(commonProblems.unavailable, 'an export was not finished in time');
    }
    return { deadline: deadlineIn(Math.min(CALL_TIMEOUT_MS, remainingMs)), actor };
  }
  const pageAt = (cursor: string | null) => ({ limit: PAGE, ...(cursor !== null && { cursor }) });

  return {
    customerId,
    now: () => new Date(),
    async readProfile() {
      return foundIn(await clients.profiles.call(getProfile, { params, query: {} }, part()));
    },
    async readAccount() {
      if (clients.identity === null) return null;
      const request = { params, query: {} };
      const found = foundIn(await clients.identity.call(getAccountData, request, part()));
      if (found === null) return null;
      const { operator: _, ...account } = found;
      return account;
    },
    async readBalance() {
      const wallet = await clients.billing.call(getWallet, { params, query: {} }, part());
      return bodyOf(wallet).balance;
    },
    async listOperations(cursor) {
      const request = { params, query: pageAt(cursor) };
      const page = bodyOf(await clients.billing.call(listOperations, request, part()));
      // Which operator made a reversal is not the customer's data.
      return { ...page, data: page.data.map(({ madeBy: _, ...operation }) => operation) };
    },
    async listOrders(cursor) {
      const request = { query: { customerId, ...pageAt(cursor) } };
      return bodyOf(await clients.orders.call(listOrders, request, part()));
    },
    async listLetters(cursor) {
      const request = { query: { customerId, ...pageAt(cursor) } };
      return bodyOf(await clients.notifications.call(listLetters, request, part()));
    },
  };
}
