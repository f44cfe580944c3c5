import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type BackoffOptions, backoffMs, pause } from '#platform/async/backoff.ts';
import { startLoop } from '#platform/async/loop.ts';
import { describeError } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import { describeMasked } from '#platform/values/mask-addresses.ts';
import type { Mail } from '../letter/compose-mail.ts';
import type { Sender } from '../letter/letter-mail.ts';
import { readSlotWait } from '../recipient/slot-store.ts';
import { createSlotTaker, slotOfAccount } from '../recipient/slots.ts';
import type { AttemptResult } from '../smtp/attempt-result.ts';
import type { Mailer } from '../smtp/mailer.ts';
import type { MailFault } from '../smtp/refusal.ts';
import type { ClaimedAccountLetter } from './account-letter-store.ts';
import * as store from './account-letter-store.ts';
import { renderAccountLetter } from './template.ts';

// Few of the mailer's connections: letters of orders must not wait for these.
const IN_FLIGHT_MAX = 4;
const STOP_TIMEOUT_MS = 4_000;
const LOOP_RETRY = { firstMs: 100, maxMs: 5_000 };
const OVERDUE_EVERY_MS = 60_000;
const NO_SLOT = 'waits: three letters went to this address within an hour';

/** As the alarm for the mail server takes it. */
interface MailAlarm {
  fault: MailFault;
  provider?: string | undefined;
  reason: string;
}

/** The times of the worker. */
interface AccountLetterTimes {
  /** When a worker dies, its letters wait this long: longer than the mailer waits for an answer. */
  leaseMs: number;
  pollMs: number;
  retry: BackoffOptions;
  /** How long a letter is tried: as long as its link works. */
  giveUpAfterMs: number;
}

const TIMES: AccountLetterTimes = {
  leaseMs: 12 * 60_000,
  pollMs: 1_000,
  retry: { firstMs: 1_000, maxMs: 5 * 60_000 },
  giveUpAfterMs: 24 * 3_600_000,
};

export interface AccountLetterOptions {
  database: Database;
  mailer: Pick<Mailer, 'send' | 'readiness' | 'onClosed'>;
  sender: Sender;
  log: Logger;
  /** Those of the addresses that a customer has confirmed, in lower case. */
  findConfirmed: (emails: string[]) => Promise<Set<string>>;
  /** Called for an attempt that the mail server refused, or that did not reach it. */
  onFault: (alarm: MailAlarm) => void;
  times?: Partial<AccountLetterTimes>;
}

/**
 * Sends letters about accounts until closed. Safe with several workers: leases in the database
 * separate them. A letter may arrive twice if its sender dies after the final dot; it says the same.
 */
export function startAccountLetters(options: AccountLetterOptions) {
  const { database, log, mailer } = options;
  const times = { ...TIMES, ...options.times };
  const token = randomUUID();
  const inFlight = new Set<Promise<void>>();
  const over = new AbortController();
  const attempt = createAttempt(options, times, token);
  const giveUp = createGiveUp(options, times);

  function start(letter: ClaimedAccountLetter, confirmed: Promise<Set<string>>): void {
    const sending = attempt(letter, confirmed)
      .catch((error: unknown) => {
        // Its record could not be written; the lease brings the letter back.
        log.warn({ letter: letter.id }, `letter about an account: ${describeMasked(error)}`);
      })
      .finally(() => {
        inFlight.delete(sending);
        loop.notify();
      });
    inFlight.add(sending);
  }

  const loop = startLoop({
    name: 'letters about accounts',
    log,
    retry: LOOP_RETRY,
    describe: describeMasked,
    async round() {
      await giveUp();
      const ready = mailer.readiness();
      const limit = (ready === 'all' ? IN_FLIGHT_MAX : 1) - inFlight.size;
      if (ready === 'none' || limit <= 0) return times.pollMs;
      const claim = { token, leaseMs: times.leaseMs, limit };
      const letters = await store.claimAccountLetters(database, claim);
      if (letters.length === 0) return times.pollMs;
      const confirmed = options.findConfirmed(letters.map(({ email }) => email));
      // Each letter records the failure.
      confirmed.catch(() => {});
      for (const letter of letters) start(letter, confirmed);
      return times.pollMs;
    },
  });
  mailer.onClosed(loop.notify);

  return {
    /** Looks for letters now. */
    kick: loop.notify,
    /** Takes no more letters and waits a bounded time for those under way. */
    async close(): Promise<void> {
      await loop.close();
      await Promise.race([Promise.allSettled(inFlight), pause(STOP_TIMEOUT_MS, over.signal)]);
      over.abort();
    },
  };
}

/** One attempt at a claimed letter. */
function createAttempt(options: AccountLetterOptions, times: AccountLetterTimes, token: string) {
  const { database, mailer, sender, log } = options;
  const takeSlot = createSlotTaker(database, IN_FLIGHT_MAX);

  function putBack(
    { id }: ClaimedAccountLetter,
    wait: Pick<store.AccountLetterRetry, 'retryInMs' | 'failure'>,
    {
      attempted = true,
      state = 'queued',
    }: Partial<Pick<store.AccountLetterRetry, 'attempted' | 'state'>> = {},
  ): Promise<void> {
    return store.putAccountLetterBack(database, { id, token, state, attempted, ...wait });
  }

  async function record(letter: ClaimedAccountLetter, result: AttemptResult): Promise<void> {
    const { fault, outcome, provider, response } = result;
    // Another worker holds the letter now.
    if (outcome === 'withheld') return;
    if (outcome === 'sent') return store.markAccountLetterSent(database, letter.id, response);
    if (outcome === 'paused') {
      return putBack(letter, { retryInMs: times.pollMs, failure: null }, { attempted: false });
    }
    const failure = response || result.error || '';
    if (fault !== undefined) options.onFault({ fault, provider, reason: failure });
    if (outcome !== 'permanent') {
      return putBack(letter, { retryInMs: backoffMs(letter.attempt, times.retry), failure });
    }
    const { id, kind } = letter;
    log.warn({ letter: id, kind }, `a letter about an account failed: ${describeMasked(failure)}`);
    return putBack(letter, { retryInMs: 0, failure }, { state: 'failed' });
  }

  return async (letter: ClaimedAccountLetter, confirmed: Promise<Set<string>>): Promise<void> => {
    const kept = { id: letter.id, token, leaseMs: times.leaseMs };
    let result: AttemptResult;
    try {
      const slot = slotOfAccount(letter, (await confirmed).has(letter.email.toLowerCase()));
      if (!(await takeSlot(slot))) {
        const retryInMs = 1_000 * Math.max(1, await readSlotWait(database, slot));
        return await putBack(letter, { retryInMs, failure: NO_SLOT }, { attempted: false });
      }
      result = await mailer.send(mailOf(letter, sender), () =>
        store.keepAccountLetter(database, kept),
      );
    } catch (error) {
      const failure = describeError(error);
      return putBack(letter, { retryInMs: backoffMs(letter.attempt, times.retry), failure });
    }
    await record(letter, result);
  };
}

/** Ends letters after their time, once a minute. */
function createGiveUp({ database, log }: AccountLetterOptions, times: AccountLetterTimes) {
  let lookAgainAt = 0;
  return async (): Promise<void> => {
    if (performance.now() < lookAgainAt) return;
    const overdue = { afterMs: times.giveUpAfterMs, reason: 'no mail server can be used' };
    const failed = await store.giveUpAccountLetters(database, overdue);
    if (failed > 0) log.warn({ failed }, 'letters about accounts failed: they were given up');
    lookAgainAt = performance.now() + OVERDUE_EVERY_MS;
  };
}

function mailOf(letter: ClaimedAccountLetter, sender: Sender): Mail {
  return {
    ...renderAccountLetter(letter),
    messageId: sender.messageIdOf(letter.id),
    from: sender.from,
    to: letter.email,
    ...(sender.replyTo !== undefined && { replyTo: sender.replyTo }),
    // Not the time of the attempt, which would change the bytes.
    date: letter.createdAt,
    language: letter.locale,
  };
}
