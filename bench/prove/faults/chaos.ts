import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '#harness/random.ts';
import type { SystemUnderTest } from '../system/system.ts';
import { type Fault, faults, OVER } from './faults.ts';

/**
 * Harms the system again and again until stopped. The same seed chooses the same faults in the same
 * order; what they meet is up to the machine.
 * @param everyMs mean time between two faults
 */
export function startChaos(system: SystemUnderTest, random: Random, everyMs: number) {
  const stopping = new AbortController();
  /** Faults so far, by kind. */
  const counts = new Map<string, number>();
  const lastAt = new Map<string, number>();
  const healing = new Set<Promise<void>>();

  function choose(): Fault {
    const now = performance.now();
    const ready = faults.filter(
      ({ kind, apartMs = 0 }) => now - (lastAt.get(kind) ?? -Number.MAX_VALUE) >= apartMs,
    );
    const weights = ready.reduce((sum, { weight }) => sum + weight, 0);
    return random.weighted(ready, weights) ?? (ready[0] as Fault);
  }

  async function strike(fault: Fault): Promise<void> {
    lastAt.set(fault.kind, performance.now());
    const struck = await fault.strike(system, random);
    if (struck === null) return;
    counts.set(fault.kind, (counts.get(fault.kind) ?? 0) + 1);
    if (struck === OVER) return;
    const healed = pause(struck.afterMs, undefined, { signal: stopping.signal })
      .catch(() => {})
      .then(struck.heal)
      .then(
        () => {},
        (error: unknown) =>
          void system.unexpectedExits.push(`after "${fault.kind}": ${String(error)}`),
      )
      .finally(() => healing.delete(healed));
    healing.add(healed);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await strike(choose());
      const waitMs = everyMs * (0.4 + 1.2 * random.next());
      await pause(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  const running = run().catch((error: unknown) => {
    system.unexpectedExits.push(`the chaos ended: ${String(error)}`);
  });
  return {
    counts,
    /** Ends the harm and heals everything. */
    async stop(): Promise<void> {
      stopping.abort();
      await running;
      await Promise.all(healing);
    },
  };
}
