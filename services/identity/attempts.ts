import type { Logger } from 'pino';
import { AppError, commonProblems, describeError } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import * as store from './attempts-store.ts';

/** The settings of identity that limit attempts. */
export interface AttemptLimits {
  FAILED_SIGN_INS_PER_ACCOUNT: number;
  FAILED_SIGN_INS_PER_ADDRESS: number;
  SIGN_IN_WINDOW_S: number;
  REGISTRATIONS_PER_ADDRESS: number;
  REGISTRATION_WINDOW_S: number;
}

export type Attempts = ReturnType<typeof createAttempts>;

// Each counted attempt makes at most two rows, so this removes more than can be added.
const ATTEMPTS_PER_CLEANING = 100;
const CLEANING_ROWS_MAX = 1_000;

/** Limits of attempts, counted in PostgreSQL so that they hold over replicas and restarts. */
export function createAttempts(database: Database, limits: AttemptLimits, log: Logger) {
  let untilCleaning = ATTEMPTS_PER_CLEANING;

  // Always account before address: one order of row locks, so no deadlocks.
  const ofSignIn = (email: string, clientAddress: string): store.Counter[] => [
    {
      kind: 'sign-in-account',
      subject: email,
      max: limits.FAILED_SIGN_INS_PER_ACCOUNT,
      windowS: limits.SIGN_IN_WINDOW_S,
    },
    {
      kind: 'sign-in-address',
      subject: clientAddress,
      max: limits.FAILED_SIGN_INS_PER_ADDRESS,
      windowS: limits.SIGN_IN_WINDOW_S,
    },
  ];
  const ofRegistration = (clientAddress: string): store.Counter => ({
    kind: 'registration-address',
    subject: clientAddress,
    max: limits.REGISTRATIONS_PER_ADDRESS,
    windowS: limits.REGISTRATION_WINDOW_S,
  });

  async function count(counters: store.Counter[]): Promise<void> {
    let waitS = 0;
    for (const counter of counters) {
      const { count, remainingS } = await store.countAttempt(database, counter);
      if (count > counter.max) waitS = Math.max(waitS, remainingS);
    }
    await cleanNowAndThen();
    if (waitS > 0) throw tooMany(waitS);
  }

  async function cleanNowAndThen(): Promise<void> {
    untilCleaning -= 1;
    if (untilCleaning > 0) return;
    untilCleaning = ATTEMPTS_PER_CLEANING;
    try {
      await store.deleteExpiredAttempts(database, CLEANING_ROWS_MAX);
    } catch (error) {
      log.warn(`expired attempts were not removed: ${describeError(error)}`);
    }
  }

  return {
    /** @throws AppError 429 when the account or the address has used its failed sign-ins up */
    async refuseSignIn(email: string, clientAddress: string): Promise<void> {
      const waitS = await store.findSpent(database, ofSignIn(email, clientAddress));
      if (waitS !== null) throw tooMany(waitS);
    },
    /** Counts a failed sign-in. @throws AppError 429 when that was one too many */
    countFailedSignIn: (email: string, clientAddress: string) =>
      count(ofSignIn(email, clientAddress)),
    /** Counts a new account. @throws AppError 429 when that is one too many */
    countRegistration: (clientAddress: string) => count([ofRegistration(clientAddress)]),
    /** Takes a counted registration back of which no account came. */
    async uncountRegistration(clientAddress: string): Promise<void> {
      try {
        await store.uncountAttempt(database, ofRegistration(clientAddress));
      } catch (error) {
        // One registration less in this window; the caller's own answer matters more.
        log.warn(`a registration stays counted: ${describeError(error)}`);
      }
    },
  };
}

function tooMany(waitS: number): AppError {
  return new AppError(commonProblems.tooMany, 'attempt limit reached', {
    headers: { 'retry-after': String(waitS) },
  });
}
