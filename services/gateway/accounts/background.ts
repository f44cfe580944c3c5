import { setImmediate } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { describeError } from '#platform/errors.ts';

// Letters whose request is answered already. More at once than notifications takes are dropped.
const RUNNING_MAX = 256;

/** Runs work that no answer waits for, so that its time reveals nothing. A failure is one log line. */
export function createBackground() {
  let running = 0;
  return async (
    { log }: Pick<FastifyRequest, 'log'>,
    name: string,
    work: () => Promise<void>,
  ): Promise<void> => {
    if (running >= RUNNING_MAX) return log.warn(`${name} was dropped: too many at once`);
    running += 1;
    try {
      // The answer first.
      await setImmediate();
      await work();
    } catch (error) {
      log.warn(`${name} failed: ${describeError(error)}`);
    } finally {
      running -= 1;
    }
  };
}
