// It ends a wait for what never comes: a test waits for the event, however slow the machine is.
export const WAIT_MS = 120_000;
const POLL_MIN_MS = 10;
const POLL_MAX_MS = 100;

/**
 * Asks again and again until the answer is there.
 * @throws Error with what it waited for
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  waitMs = WAIT_MS,
): Promise<T> {
  const end = performance.now() + waitMs;
  // Each look costs processor time that what it waits for may need.
  for (let pauseMs = POLL_MIN_MS; ; pauseMs = Math.min(pauseMs * 1.5, POLL_MAX_MS)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
