import type { Logger } from 'pino';
import { type Loop, startLoop } from '../async/loop.ts';
import type { Queryable } from './database.ts';
import { insertSample, listSamples, readStep } from './sample-store.ts';

/** The table of samples, in the database of each service that keeps figures. */
export const SAMPLE_MIGRATIONS = new URL('samples/migrations/', import.meta.url);

/** Between two samples of a history. */
export const SAMPLE_STEP_MS = 10_000;
/** How long they are kept: 360 rows. */
const KEPT_MS = 3_600_000;
const RETRY = { firstMs: 1_000, maxMs: SAMPLE_STEP_MS };
// Replicas that begin a step together would all read their figures, and one would store them.
const SPREAD = 0.1;

/** The history of a service's figures, over all its replicas. */
export interface Sampling<F> extends Pick<Loop, 'close'> {
  /** The samples of the last hour, oldest first; the figures that one lacks are missing. */
  list(): Promise<(F & { at: string })[]>;
}

/**
 * Stores the figures of a service once in each step of time, by whichever replica comes first, so
 * that charts have a past. The table is in the database: a restart keeps it.
 * @param read the figures of now, as JSON
 */
export function startSampling<F extends object>(options: {
  database: Queryable;
  log: Pick<Logger, 'warn' | 'error'>;
  read: () => Promise<F>;
  stepMs?: number;
}): Sampling<F> {
  const { database, log, read, stepMs = SAMPLE_STEP_MS } = options;
  const loop = startLoop({
    name: 'samples',
    log,
    retry: RETRY,
    async round(signal) {
      const { nextInMs, taken } = await readStep(database, stepMs);
      if (!taken && !signal.aborted) {
        const figures = await read();
        await insertSample(database, { stepMs, keptMs: KEPT_MS, figures });
      }
      return nextInMs + Math.random() * SPREAD * stepMs;
    },
  });
  return {
    close: loop.close,
    async list() {
      const rows = await listSamples<F>(database, KEPT_MS);
      return rows.map(({ at, figures }) => ({ ...figures, at: at.toISOString() }));
    },
  };
}
