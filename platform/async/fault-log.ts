import type { Logger } from 'pino';
import { describeError, needsOperator } from '../errors.ts';

const INTERVAL_MS = 60_000;
// A fault has few texts; more of them contain ids, and the oldest is forgotten.
const KINDS_MAX = 100;
// Ids, ports and figures: texts that differ in these only are one kind.
const FIGURES = /\w*\d\w*/g;

interface FaultLogOptions {
  log: Pick<Logger, 'warn' | 'error'>;
  /** An error as the log may show it (default `describeError`). */
  describe?: (error: unknown) => string;
  intervalMs?: number;
}

export type FaultLog = ReturnType<typeof createFaultLog>;

/**
 * Logs faults that are retried, each kind at most once a minute: as an error when only a person can
 * correct it, otherwise as a warning. `unlogged` counts those in between.
 */
export function createFaultLog(options: FaultLogOptions) {
  const { log, describe = describeError, intervalMs = INTERVAL_MS } = options;
  const kinds = new Map<string, { until: number; unlogged: number }>();
  return (what: string, error: unknown, members: Record<string, unknown> = {}): void => {
    const text = `${what}: ${describe(error)}`;
    const kind = text.replace(FIGURES, '#');
    const known = kinds.get(kind);
    if (known !== undefined && performance.now() < known.until) {
      known.unlogged++;
      return;
    }
    kinds.delete(kind);
    if (kinds.size >= KINDS_MAX) kinds.delete(kinds.keys().next().value as string);
    kinds.set(kind, { until: performance.now() + intervalMs, unlogged: 0 });
    const { unlogged = 0 } = known ?? {};
    const level = needsOperator(error) ? 'error' : 'warn';
    log[level]({ ...members, ...(unlogged > 0 && { unlogged }) }, text);
  };
}
