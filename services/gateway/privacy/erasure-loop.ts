import type { Logger } from 'pino';
import { claimErasures, listRecentErasures, noteErasure } from '#contracts/erasure.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { type Loop, startLoop } from '#platform/async/loop.ts';
import { describeMasked } from '#platform/values/mask-addresses.ts';
import { bodyOf, type ServiceClients } from '../context/service-clients.ts';
import { eraseCustomer } from './erase-customer.ts';
import type { ErasedCustomers } from './erased-customers.ts';
import { erasureClients, LEASE_MS } from './erasure-clients.ts';

const CALL_TIMEOUT_MS = 2_500;
// Until all gateways have read of the request and refuse the customer's tokens, and until their
// running requests have ended.
const ROUNDS_BEFORE_START = 3;
const RETRY_MS = 5_000;

interface ErasureLoopOptions {
  intervalMs: number;
  mailboxUrl: string | undefined;
  erased: ErasedCustomers;
  log: Logger;
}

/**
 * Works on requested erasures until closed, as recovery does on orders: in every gateway, one gateway
 * per erasure by its lease, and again after any fault.
 */
export function startErasures(
  clients: ServiceClients,
  { intervalMs, mailboxUrl, erased, log }: ErasureLoopOptions,
): Pick<Loop, 'close'> {
  const olderThanMs = ROUNDS_BEFORE_START * intervalMs;
  const call = () => ({ deadline: deadlineIn(CALL_TIMEOUT_MS) });

  async function eraseOne(
    claimed: { customerId: string; traces: Parameters<typeof eraseCustomer>[1] },
    signal: AbortSignal,
  ): Promise<void> {
    const { customerId, traces } = claimed;
    const steps = erasureClients(clients, { customerId, mailboxUrl });
    const waitsFor = await eraseCustomer(
      { ...steps, mayGoOn: () => !signal.aborted },
      traces,
    ).catch((error: unknown) => {
      log.warn({ customerId }, `erasure: ${describeMasked(error)}`);
      return 'services' as const;
    });
    if (waitsFor === null) {
      log.info({ customerId }, 'a customer is erased');
      return;
    }
    const body = { leaseMs: Math.min(RETRY_MS, intervalMs), waitsFor };
    const request = { params: { customerId }, body };
    bodyOf(await clients.profiles.call(noteErasure, request, call()));
  }

  return startLoop({
    name: 'erasures',
    log,
    retry: { firstMs: intervalMs, maxMs: 60_000 },
    describe: describeMasked,
    async round(signal) {
      const recent = await clients.profiles.call(listRecentErasures, { query: {} }, call());
      erased.replace(bodyOf(recent).customerIds);
      const body = { olderThanMs, leaseMs: LEASE_MS };
      const { data } = bodyOf(await clients.profiles.call(claimErasures, { body }, call()));
      for (const claimed of data) {
        if (signal.aborted) break;
        await eraseOne(claimed, signal);
      }
      return intervalMs;
    },
  });
}
