import { singleFlight } from '../async/single-flight.ts';

// As long as an order waits for a service (its deadline): a shorter absence fails no order.
const STAYS_READY_MS = 5_000;

/**
 * Whether a service has a ready replica, for the readiness of its callers. Once ready, it stays so
 * for 5 s: a dependency that is slow for a moment would otherwise make all its callers not ready at
 * once, and a load balancer would have no one to send requests to.
 * @param askAny succeeds when one replica is ready; it runs at most once a second
 * @returns throws Error when no replica was ready for 5 s
 */
export function createReadyCheck(
  callee: string,
  askAny: () => Promise<unknown>,
  staysReadyMs = STAYS_READY_MS,
): () => Promise<void> {
  let readyAt = Number.NEGATIVE_INFINITY;
  // A failure is returned as a value, so that single-flight caches it too.
  const ask = singleFlight(() =>
    askAny().then(
      () => {
        readyAt = performance.now();
        return null;
      },
      (cause: unknown) => ({ cause }),
    ),
  );
  return async () => {
    const asked = ask();
    // Does not wait: a load balancer's own check has a timeout, which may be shorter.
    if (performance.now() - readyAt < staysReadyMs) return;
    const fault = await asked;
    if (fault !== null) throw new Error(`no replica of ${callee} is ready`, fault);
  };
}
