import type { Logger } from 'pino';
import { describeError } from '../errors.ts';
import type { Database } from './database.ts';

// After at most this time we notice a suspended machine, or a change of the database's clock.
const COMPARE_EVERY_MS = 10_000;

/**
 * The database's clock as this process estimates it: some milliseconds late, and never ahead.
 * Stored and compared times thus come from one clock, independent of the machines' clocks.
 */
export interface DatabaseClock {
  now(): Date;
  close(): void;
}

/**
 * Reads the clock periodically, and extrapolates by the monotonic clock of the process.
 * @throws Error when the database does not answer
 */
export async function startDatabaseClock(
  database: Pick<Database, 'query'>,
  log: Pick<Logger, 'warn'>,
  nowMs: () => number = () => performance.now(),
): Promise<DatabaseClock> {
  /** Database clock minus monotonic clock, in milliseconds. */
  let offset = Number.NaN;

  async function compare(): Promise<void> {
    const sent = nowMs();
    const { rows } = await database.query<{ ms: string }>(
      'select extract(epoch from clock_timestamp()) * 1000 as ms',
    );
    const [least, most] = [Number(rows[0]?.ms) - nowMs(), Number(rows[0]?.ms) - sent];
    // The database read its clock between request and answer. We take the lowest possible offset: a
    // clock that is ahead would make an order younger than it is. A slow answer changes nothing.
    if (!(offset > least && offset <= most)) offset = least;
  }

  // Twice: the first answer waits for a connection, and is imprecise.
  await compare();
  await compare();
  const timer = setInterval(() => {
    compare().catch((error: unknown) => {
      log.warn(`the clock of the database was not read: ${describeError(error)}`);
    });
  }, COMPARE_EVERY_MS).unref();
  return {
    now: () => new Date(Math.floor(nowMs() + offset)),
    close: () => clearInterval(timer),
  };
}
