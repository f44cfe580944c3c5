// Who watches looks every few seconds; a second more is nothing to a person.
const KEPT_MS = 1_000;

/**
 * Makes one reading serve all who ask while it runs, and for a second from its beginning: however
 * many watch, it is read at most once a second, and one that hangs is not read again beside it. A
 * reading that failed is not kept.
 */
export function singleFlight<T>(read: () => Promise<T>): () => Promise<T> {
  let kept: { reading: Promise<T>; until: number; running: boolean } | undefined;
  return () => {
    if (kept !== undefined && (kept.running || performance.now() < kept.until)) return kept.reading;
    const started = { reading: read(), until: performance.now() + KEPT_MS, running: true };
    started.reading.then(
      () => {
        started.running = false;
      },
      () => {
        if (kept === started) kept = undefined;
      },
    );
    kept = started;
    return started.reading;
  };
}
