import type { Logger } from 'pino';
import { AppError, commonProblems, describeError } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import * as store from './attempts-store.ts';
import { createSlowLane } from './slow-lane.ts';

/** The settings of identity that limit attempts. */
export interface AttemptLimits {
  FAILED_SIGN_INS_PER_ACCOUNT: number;
  FAILED_SIGN_INS_PER_ADDRESS: number;
  SIGN_IN_WINDOW_S: number;
  REGISTRATIONS_PER_ADDRESS: number;
  REGISTRATION_WINDOW_S: number;
}

export type Attempts = ReturnType<typeof createAttempts>;

/** Whose attempt it is. */
export interface Origin {
  email: string;
  clientAddress: string;
}

export interface Attempt extends Origin {
  /** Whether the account was signed in to at this client address before. */
  isKnown: () => Promise<boolean>;
}

/** `resets` are letters that reset a password, `known` those to an owner whose address is given. */
export type LetterReason = 'resets' | 'known';

// Each counted attempt makes at most four rows, so this removes more than can be added.
const ATTEMPTS_PER_CLEANING = 100;
const CLEANING_ROWS_MAX = 1_000;
// The wait grows with each failure over the limit of the account, up to its maximum.
const DELAY_STEP_MS = 500;
const DELAY_MAX_MS = 3_000;
// At most 8 guesses in 3 s at one account. In all a quarter of what one gateway sends at least
// (SIGN_INS_IN_FLIGHT_MAX), so that attempts that wait leave room for the others.
const LANE = { perAccount: 8, inAll: 16 };
const LETTERS_MAX = 3;
const LETTERS_WINDOW_S = 3_600;

/** Limits of attempts, counted in PostgreSQL so that they hold over replicas and restarts. */
export function createAttempts(database: Database, limits: AttemptLimits, log: Logger) {
  const counters = countersOf(limits);
  const { refuseSpent, admit } = createAdmission(database, counters);
  let untilCleaning = ATTEMPTS_PER_CLEANING;

  /** One statement each, never two rows in one: so no deadlocks. */
  async function count(each: store.Counter[]): Promise<void> {
    let waitS = 0;
    for (const counter of each) {
      const { count, remainingS } = await store.countAttempt(database, counter);
      // Failures from all addresses never refuse: an attacker could keep the owner out.
      const refuses = counter.kind !== 'sign-in-account' && count > counter.max;
      if (refuses) waitS = Math.max(waitS, remainingS);
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

  const ofSignIn = ({ email, clientAddress }: Origin) => [
    counters.pair(email, clientAddress),
    counters.address(clientAddress),
  ];
  const ofRegistration = ({ email, clientAddress }: Origin) => [
    counters.registrationPair(email, clientAddress),
    counters.registration(clientAddress),
  ];

  const countFailedSignIn = (one: Origin) => count([...ofSignIn(one), counters.account(one.email)]);
  const countFailedRegistration = (one: Origin) => {
    const guessed = [counters.pair(one.email, one.clientAddress), counters.account(one.email)];
    return count([...ofRegistration(one), ...guessed]);
  };

  return {
    /**
     * Before a password is checked: perhaps waits.
     * @throws AppError 429 when account and address together, or the address, have failed too often
     */
    admitSignIn: (one: Attempt) => admit(one, ofSignIn(one), () => countFailedSignIn(one)),
    /** The same without the wait. */
    async refuseSignIn(one: Origin): Promise<void> {
      await refuseSpent(one.email, ofSignIn(one));
    },
    /** Counts a failed sign-in. @throws AppError 429 when that was one too many */
    countFailedSignIn,
    /**
     * Forgets the failures of this account at this address, and lets it sign in without a wait: its
     * password was reset by a letter.
     */
    async welcomeAgain({ email, clientAddress }: Origin): Promise<void> {
      await store.deleteAttempts(database, counters.pair(email, clientAddress));
      await store.countAttempt(database, counters.welcome(email, clientAddress));
    },
    /** Before a registration, known address or not: an answer must not reveal which. */
    admitRegistration: (one: Attempt) => {
      const pair = counters.pair(one.email, one.clientAddress);
      return admit(one, [pair, ...ofRegistration(one)], () => countFailedRegistration(one));
    },
    /** Counts a new account. @throws AppError 429 when that is one too many */
    countRegistration: (one: Origin) => count(ofRegistration(one)),
    /** Counts a registration of a known address with another password. @throws AppError 429 */
    countFailedRegistration,
    /** Uncounts a registration that created no account. */
    async uncountRegistration(one: Origin): Promise<void> {
      try {
        for (const counter of ofRegistration(one)) await store.uncountAttempt(database, counter);
      } catch (error) {
        // One registration less in this window; the caller's own answer matters more.
        log.warn(`a registration stays counted: ${describeError(error)}`);
      }
    },
    /** Counts a request for a reset, whatever its address. @throws AppError 429 */
    countReset: (clientAddress: string) => count([counters.reset(clientAddress)]),
    /** Whether one more letter may go to this address within the hour. */
    async takeLetter(email: string, reason: LetterReason): Promise<boolean> {
      const { count } = await store.countAttempt(database, counters.letter(email, reason));
      return count <= LETTERS_MAX;
    },
  };
}

/** Decides which attempts go on, and when. */
function createAdmission(database: Database, counters: ReturnType<typeof countersOf>) {
  const lane = createSlowLane(LANE);

  /** @returns failures of the account beyond its limit, from anywhere */
  async function refuseSpent(email: string, spendable: store.Counter[]): Promise<number> {
    const account = counters.account(email);
    const [ofAccount, ...counts] = await store.readCounts(database, [account, ...spendable]);
    const waits = spendable.map(({ max }, index) => {
      const { count = 0, remainingS = 0 } = counts[index] ?? {};
      return count >= max ? remainingS : 0;
    });
    const waitS = Math.max(...waits);
    if (waitS > 0) throw tooMany(waitS);
    return Math.max(0, (ofAccount?.count ?? 0) - account.max + 1);
  }

  async function isWelcome(email: string, clientAddress: string): Promise<boolean> {
    const counts = await store.readCounts(database, [counters.welcome(email, clientAddress)]);
    return counts[0] !== undefined;
  }

  /** Refuses at a reached limit. Slows attempts at an account with many failures elsewhere. */
  async function admit(
    { email, clientAddress, isKnown }: Attempt,
    spendable: store.Counter[],
    countFailed: () => Promise<void>,
  ): Promise<void> {
    const surplus = await refuseSpent(email, spendable);
    if (surplus === 0 || (await isKnown()) || (await isWelcome(email, clientAddress))) return;
    if (await lane.wait(email, Math.min(DELAY_MAX_MS, surplus * DELAY_STEP_MS))) {
      await refuseSpent(email, spendable);
      return;
    }
    await countFailed();
    throw tooMany(DELAY_MAX_MS / 1_000);
  }

  return { refuseSpent, admit };
}

function countersOf(limits: AttemptLimits) {
  const inSignInWindow = (kind: store.Counter['kind'], subject: string, max: number) => ({
    kind,
    subject,
    max,
    windowS: limits.SIGN_IN_WINDOW_S,
  });
  const ofAccount = limits.FAILED_SIGN_INS_PER_ACCOUNT;
  const perAddress = (kind: store.Counter['kind'], clientAddress: string) => ({
    kind,
    subject: clientAddress,
    max: limits.REGISTRATIONS_PER_ADDRESS,
    windowS: limits.REGISTRATION_WINDOW_S,
  });
  return {
    account: (email: string): store.Counter => inSignInWindow('sign-in-account', email, ofAccount),
    pair: (email: string, clientAddress: string): store.Counter =>
      inSignInWindow('sign-in-pair', `${email} ${clientAddress}`, ofAccount),
    welcome: (email: string, clientAddress: string): store.Counter =>
      inSignInWindow('reset-pair', `${email} ${clientAddress}`, ofAccount),
    address: (clientAddress: string): store.Counter =>
      inSignInWindow('sign-in-address', clientAddress, limits.FAILED_SIGN_INS_PER_ADDRESS),
    registrationPair: (email: string, clientAddress: string): store.Counter =>
      inSignInWindow('registration-pair', `${email} ${clientAddress}`, ofAccount),
    registration: (address: string): store.Counter => perAddress('registration-address', address),
    reset: (address: string): store.Counter => perAddress('reset-address', address),
    letter: (email: string, reason: LetterReason): store.Counter => ({
      kind: `letter-${reason}`,
      subject: email,
      max: LETTERS_MAX,
      windowS: LETTERS_WINDOW_S,
    }),
  };
}

function tooMany(waitS: number): AppError {
  return new AppError(commonProblems.tooMany, 'attempt limit reached', {
    headers: { 'retry-after': String(waitS) },
  });
}
