import { deadlineIn } from '#platform/async/deadline.ts';
import { withTimeout } from '#platform/async/timeout.ts';
import { describeError } from '#platform/errors.ts';

/** Something that has started. */
export interface Stop {
  what: string;
  /** @param limitMs how long it may take */
  close(limitMs: number): Promise<void>;
}

// A signal ends the process after 10 s. Running requests and letters have about 5 s; the rest takes
// milliseconds. The database has all the time that is left, two seconds at least.
export const SERVICES_STOP_MS = 7_500;
const ALL_MS = 7_800;
const LEAST_MS = 50;
const DATABASE_MS = 9_800;

/**
 * Closes all in their order. What does not end in time is left, and what fails is remembered, so that
 * the database server, a process of its own, stops in any case.
 * @throws Error with all that failed
 */
export async function stopAll(stops: Stop[], database: Stop | undefined): Promise<void> {
  const forAll = deadlineIn(ALL_MS);
  const forDatabase = deadlineIn(DATABASE_MS);
  const faults: string[] = [];

  async function closeOne({ what, close }: Stop, limitMs: number): Promise<void> {
    try {
      await withTimeout(limitMs, close(limitMs));
    } catch (error) {
      faults.push(`${what}: ${describeError(error)}`);
    }
  }

  for (const stop of stops) await closeOne(stop, Math.max(LEAST_MS, forAll.remainingMs()));
  // A service that was left must not end this process by losing its connections.
  if (faults.length > 0) process.on('uncaughtException', () => {});
  if (database !== undefined) await closeOne(database, forDatabase.remainingMs());
  if (faults.length > 0) throw new Error(faults.join('; '));
}
