import type { Logger } from 'pino';
import { describeError } from '../errors.ts';
import type { Database } from './database.ts';

// A machine that was suspended, or a database whose clock was set, is noticed after this.
const COMPARE_EVERY_MS = 10_000;

/**
 * The database's clock, as this process knows it: late by some milliseconds, and never ahead. What
 * is stored or compared has the time of one clock, whatever the clocks of the machines say.
 */
export interface DatabaseClock {
  now(): Date;
  close(): void;
}

/**
 * Reads the clock now and then, and counts by the monotonic clock of the process in between.
 * @throws Error when the database does not answer now
 */
export async function startDatabaseClock(
  database: Pick<Database, 'query'>,
  log: Pick<Logger, 'warn'>,
  nowMs: () => number = () => performance.now(),
): Promise<DatabaseClock> {
  /** What to add to the monotonic clock, in milliseconds. */
  let offset = Number.NaN;

  async function compare(): Promise<void> {
    const sent = nowMs();
    const { rows } = await database.query<{ ms: string }>(
      'select extract(epoch from clock_timestamp()) * 1000 as ms',
    );
    const [least, most] = [Number(rows[0]?.ms) - nowMs(), Number(rows[0]?.ms) - sent];
    // The answer was made at some moment in between. Of what agrees with that, the least: a moment
    // ahead of the database would make an order younger than it is. A slow answer changes nothing.
    if (!(offset > least && offset <= most)) offset = least;
  }

  // The first answer has to wait for a connection, and so says little.
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
