import * as billing from '#contracts/billing.ts';
import * as letterAudit from '#contracts/letter-audit.ts';
import * as operations from '#contracts/order-operations.ts';
import { pause } from '#platform/async/backoff.ts';
import { type Deadline, deadlineIn } from '#platform/async/deadline.ts';
import type { HttpClient } from '#platform/http/client.ts';
import type { Endpoint, EndpointRequest } from '#platform/http/endpoint.ts';
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
  options: { deadline: Deadline; stop: AbortSignal },
): ReconcileDeps {
  const { deadline, stop } = options;
  async function read<E extends Endpoint>(
    client: HttpClient,
    operation: E,
    bounds: object = {},
    more: { deadline?: Deadline; attemptTimeoutMs?: number } = {},
  ) {
    // Bounds that are null are left out of the query.
    const query = Object.fromEntries(Object.entries(bounds).filter(([, value]) => value !== null));
    const options = { deadline: deadlineIn(PAGE_TIMEOUT_MS), ...more };
    return bodyOf(
      await client.call(operation, { query } as unknown as EndpointRequest<E>, options),
    );
  }
  return {
    auditOrders: async (bounds) =>
      (await read(clients.orders, operations.auditOrders, bounds)).data,
    auditEvents: (bounds) => read(clients.orders, operations.auditEvents, bounds),
    auditPayments: async (bounds) =>
      (await read(clients.billing, billing.auditPayments, bounds)).data,
    auditWallets: (bounds) =>
      read(clients.billing, billing.auditWallets, bounds, {
        deadline: deadlineIn(WALLETS_TIMEOUT_MS),
        attemptTimeoutMs: WALLETS_TIMEOUT_MS,
      }),
    auditLetters: async (bounds) =>
      (await read(clients.notifications, letterAudit.auditLetters, bounds)).data,
    auditPositions: () => read(clients.notifications, letterAudit.auditPositions),
    mayGoOn: () => deadline.remainingMs() > 0 && !stop.aborted,
    async pause(ms) {
      await pause(ms, stop);
      return !stop.aborted;
    },
  };
}
