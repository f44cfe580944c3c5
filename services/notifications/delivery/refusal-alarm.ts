import type { Logger } from 'pino';
import { describeError } from '#platform/errors.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import type { OurFault } from '../smtp/refusal.ts';

const ALARM_EVERY_MS = 60_000;

/** The alarm for a mail server that refuses us: letters wait until somebody corrects the cause. */
export type RefusalAlarm = ReturnType<typeof createRefusalAlarm>;

/**
 * Counts each refusal. Each fault is logged and kept for the overview at most once a minute, since
 * every attempt at every letter may be refused so.
 * @param deps.keep stores it for the operator's overview
 * @param deps.nowMs a monotonic clock
 */
export function createRefusalAlarm(deps: {
  log: Pick<Logger, 'error' | 'warn'>;
  keep: (fault: OurFault, reason: string) => Promise<void>;
  nowMs?: () => number;
}) {
  const { log, keep, nowMs = () => performance.now() } = deps;
  const counts = new Map<OurFault, number>();
  const raisedAt = new Map<OurFault, number>();
  return {
    raise(fault: OurFault, reason: string): void {
      const count = (counts.get(fault) ?? 0) + 1;
      counts.set(fault, count);
      const now = nowMs();
      if (now - (raisedAt.get(fault) ?? Number.NEGATIVE_INFINITY) < ALARM_EVERY_MS) return;
      raisedAt.set(fault, now);
      const masked = maskAddresses(reason);
      log.error({ fault, count }, `the mail server refuses us, letters wait: ${masked}`);
      keep(fault, masked).catch((error: unknown) => {
        log.warn(`a refusal was not kept for the overview: ${describeError(error)}`);
      });
    },
    /** Attempts that were refused so since the start, by fault. */
    counts: (): ReadonlyMap<OurFault, number> => counts,
  };
}
