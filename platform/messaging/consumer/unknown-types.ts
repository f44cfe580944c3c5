import type { Logger } from 'pino';
import { createLogLimit } from '../../async/log-limit.ts';

// A foreign producer chooses the type's text, so its length and the number of types are limited.
const TYPES_MAX = 100;
const TYPE_LENGTH_MAX = 200;
const OTHER = 'other';

export type UnknownTypes = ReturnType<typeof countUnknownTypes>;

/**
 * Counts messages that are skipped because their type is not ours. Counts start at zero. Each type
 * is logged with its count, at most once a minute.
 * @param nowMs a monotonic clock
 */
export function countUnknownTypes(log: Pick<Logger, 'info'>, nowMs?: () => number) {
  const counts = new Map<string, number>();
  const countForLine = createLogLimit({ nowMs });
  return {
    count(given: string): void {
      const short = given.slice(0, TYPE_LENGTH_MAX);
      const type = counts.has(short) || counts.size < TYPES_MAX ? short : OTHER;
      const count = (counts.get(type) ?? 0) + 1;
      counts.set(type, count);
      if (countForLine(type) === 0) return;
      log.info({ type, count }, 'messages of an unknown type skipped');
    },
    /** How many of each type; the 101st type and those after it are `other`. */
    counts: (): ReadonlyMap<string, number> => counts,
  };
}
