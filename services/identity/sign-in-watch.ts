import { createHmac } from 'node:crypto';
import type { Logger } from 'pino';
import { identityProblems } from '#contracts/identity.ts';
import { createFaultLog } from '#platform/async/fault-log.ts';
import { AppError, commonProblems, describeError } from '#platform/errors.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';

/** A lock-out, without the address of a person or of a client. */
export interface LockOut {
  action: 'lock-out-sign-in' | 'lock-out-registration';
  subject: {
    /** Where the account exists. */
    customerId?: string;
    /** Otherwise a keyed hash: it shows only that two entries are about the same address. */
    accountHash?: string;
    clientHash: string;
  };
  /** When the limit ends, in seconds from now. */
  waitS: number;
}

export interface SignInWatchDeps {
  metrics: Metrics;
  log: Logger;
  /** Keys the hashes, so that addresses cannot be guessed from them. */
  secret: string;
  findAccountId: (email: string) => Promise<string | null>;
  /** Records a lock-out unless one of the same subject lasts. */
  record: (lockOut: LockOut) => Promise<void>;
}

interface Given {
  email: string;
  clientAddress: string;
}

export type SignInWatch = ReturnType<typeof createSignInWatch>;

// Lock-outs that this process knows are recorded. A flood must not cost a statement per refusal.
const KNOWN_MAX = 10_000;
const HASH_LENGTH = 32;

/** Counts sign-ins by their outcome, logs failures as one line a minute, and records lock-outs. */
export function createSignInWatch(deps: SignInWatchDeps) {
  const count = deps.metrics.counter({
    name: 'orderbell_sign_ins_total',
    help: 'Sign-ins, registrations and other checks of a password, by outcome.',
    labels: { outcome: ['succeeded', 'failed', 'locked'] },
  });
  const logFault = createFaultLog({ log: deps.log });
  const known = new Map<string, number>();

  const hashOf = (text: string) =>
    createHmac('sha256', deps.secret).update(text).digest('hex').slice(0, HASH_LENGTH);

  async function recordOnce(action: LockOut['action'], given: Given, waitS: number) {
    const [accountHash, clientHash] = [given.email.toLowerCase(), given.clientAddress].map(hashOf);
    const key = `${action} ${accountHash} ${clientHash}`;
    const now = performance.now();
    if ((known.get(key) ?? 0) > now) return;
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(key, now + waitS * 1000);
    try {
      const customerId = await deps.findAccountId(given.email.toLowerCase());
      const subject = {
        ...(customerId === null ? { accountHash: accountHash as string } : { customerId }),
        clientHash: clientHash as string,
      };
      await deps.record({ action, subject, waitS });
    } catch (error) {
      // The refusal itself matters more, and the next one tries again.
      known.delete(key);
      deps.log.warn(`a lock-out was not recorded: ${describeError(error)}`);
    }
  }

  /** Runs a sign-in, a registration or another check of a password, and passes its outcome on. */
  return async <T>(action: LockOut['action'], given: Given, work: () => Promise<T>): Promise<T> => {
    try {
      const result = await work();
      count({ outcome: 'succeeded' });
      return result;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.problem === commonProblems.tooMany) {
        count({ outcome: 'locked' });
        logFault(
          'sign-ins are refused',
          new Error('the attempts of an account or address are used up'),
        );
        await recordOnce(action, given, Number(error.headers?.['retry-after'] ?? 1));
      } else if (FAILURES.includes(error.problem)) {
        count({ outcome: 'failed' });
        logFault('sign-ins fail', new Error('wrong address or password'));
      }
      throw error;
    }
  };
}

const FAILURES: unknown[] = [
  identityProblems.signInFailed,
  identityProblems.emailTaken,
  identityProblems.wrongPassword,
];
