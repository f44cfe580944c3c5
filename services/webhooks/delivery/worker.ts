import { randomUUID } from 'node:crypto';
import { pause } from '#platform/async/backoff.ts';
import { startLoop } from '#platform/async/loop.ts';
import { describeError } from '#platform/errors.ts';
import { type ClaimedDelivery, claimDeliveries, PER_ENDPOINT_MAX } from './claim-store.ts';
import { type SendWebhookDeps, sendWebhook } from './send-webhook.ts';

const LOOP_RETRY = { firstMs: 100, maxMs: 5_000 };
// Of the 10 s that a stop has.
const FINISH_MS = 4_000;

/** The times of a worker. */
export interface WebhookTimes {
  /** Several times what one attempt may take (post-webhook.ts), so no lease is renewed. */
  leaseMs: number;
  pollMs: number;
}

const TIMES: WebhookTimes = { leaseMs: 60_000, pollMs: 500 };

export interface WebhookWorkerOptions extends SendWebhookDeps {
  times?: Partial<WebhookTimes>;
}

export type WebhookWorker = ReturnType<typeof startWebhookWorker>;

/**
 * Delivers due webhooks until closed. Safe with several workers: leases in the database separate
 * them, and each claim has a token of its own as its fence.
 */
export function startWebhookWorker(options: WebhookWorkerOptions) {
  const { database, log } = options;
  const { leaseMs, pollMs } = { ...TIMES, ...options.times };
  const running = new Map<string, number>();
  const attempts = new Set<Promise<void>>();
  const stop = new AbortController();

  function start(delivery: ClaimedDelivery): void {
    const { id, endpointId } = delivery;
    running.set(endpointId, (running.get(endpointId) ?? 0) + 1);
    const done = sendWebhook(options, delivery, stop.signal)
      .catch((error: unknown) => {
        // Its lease runs out, and it is tried again.
        log.warn({ deliveryId: id }, `webhook not recorded: ${describeError(error)}`);
      })
      .finally(() => {
        const left = (running.get(endpointId) ?? 1) - 1;
        if (left === 0) running.delete(endpointId);
        else running.set(endpointId, left);
        attempts.delete(done);
        // It had no room for what else may be due.
        if (left === PER_ENDPOINT_MAX - 1) loop.notify();
      });
    attempts.add(done);
  }

  const loop = startLoop({
    name: 'webhook worker',
    log,
    retry: LOOP_RETRY,
    async round() {
      const claimed = await claimDeliveries(database, { token: randomUUID(), leaseMs, running });
      for (const delivery of claimed) start(delivery);
      return pollMs;
    },
  });

  return {
    /** Looks for deliveries now. */
    kick: loop.notify,
    /** Takes no more deliveries, and waits a bounded time for those under way. */
    async close(): Promise<void> {
      await loop.close();
      const all = Promise.all(attempts);
      await Promise.race([all, pause(FINISH_MS, stop.signal)]);
      stop.abort(new Error('the process stops'));
      await all;
    },
  };
}
