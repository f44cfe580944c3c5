// Dashboards poll every few seconds: a second more makes no difference to a person.
const CACHE_MS = 1_000;

/**
 * Single-flight read, cached for one second from its start; concurrent callers share it. A read
 * that hangs is not started a second time. A failed read is not cached.
 */
export function singleFlight<T>(read: () => Promise<T>): () => Promise<T> {
  let latest: { result: Promise<T>; until: number; running: boolean } | undefined;
  return () => {
    if (latest !== undefined && (latest.running || performance.now() < latest.until)) {
      return latest.result;
    }
    const started = { result: read(), until: performance.now() + CACHE_MS, running: true };
    started.result.then(
      () => {
        started.running = false;
      },
      () => {
        if (latest === started) latest = undefined;
      },
    );
    latest = started;
    return started.result;
  };
}
