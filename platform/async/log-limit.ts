const INTERVAL_MS = 60_000;
// Kinds can contain the text of others, so their number is limited: the oldest is forgotten.
const KINDS_MAX = 200;

interface LogLimitOptions {
  intervalMs?: number | undefined;
  /** A monotonic clock. */
  nowMs?: (() => number) | undefined;
}

/**
 * Allows one line of each kind per minute: a fault that each request meets would fill the log.
 * @returns how many there were since the last line, with this one; 0 when a line is too soon
 */
export function createLogLimit(options: LogLimitOptions = {}): (kind: string) => number {
  const { intervalMs = INTERVAL_MS, nowMs = () => performance.now() } = options;
  const kinds = new Map<string, { untilMs: number; unlogged: number }>();
  return (kind) => {
    const known = kinds.get(kind);
    if (known !== undefined && nowMs() < known.untilMs) {
      known.unlogged += 1;
      return 0;
    }
    kinds.delete(kind);
    if (kinds.size >= KINDS_MAX) kinds.delete(kinds.keys().next().value as string);
    kinds.set(kind, { untilMs: nowMs() + intervalMs, unlogged: 0 });
    return 1 + (known?.unlogged ?? 0);
  };
}
