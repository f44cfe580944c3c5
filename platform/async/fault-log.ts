import type { Logger } from 'pino';
import { describeError, needsOperator } from '../errors.ts';
import { createLogLimit } from './log-limit.ts';

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
  const { log, describe = describeError, intervalMs } = options;
  const countForLine = createLogLimit({ intervalMs });
  return (what: string, error: unknown, members: Record<string, unknown> = {}): void => {
    const text = `${what}: ${describe(error)}`;
    const unlogged = countForLine(text.replace(FIGURES, '#')) - 1;
    if (unlogged < 0) return;
    const level = needsOperator(error) ? 'error' : 'warn';
    log[level]({ ...members, ...(unlogged > 0 && { unlogged }) }, text);
  };
}
