import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Profile } from '#contracts/profiles.ts';
import type { BackoffOptions } from '#platform/async/backoff.ts';
import { startLoop } from '#platform/async/loop.ts';
import type { Database } from '#platform/postgres/database.ts';
import { describeMasked } from '#platform/values/mask-addresses.ts';
import type { ClaimedLetter, LetterClaim } from '../letter/claimed-letter.ts';
import type { OrderItems } from '../letter/letter-items.ts';
import type { Sender } from '../letter/letter-mail.ts';
import type { Mailer } from '../smtp/mailer.ts';
import { CLAIM_MAX, claimLetters, makeReady } from './claim-store.ts';
import { giveUpOverdue, renewLeases } from './delivery-store.ts';
import { createInFlight } from './letters-in-flight.ts';
import { recordDeadHolder } from './record-attempt.ts';
import type { SendLetterDeps } from './send-letter.ts';

// A worker claims while it holds at most this many letters; more wait in the database, where others
// see them.
const IN_FLIGHT_MAX = 3 * CLAIM_MAX;
// New letters that it claims while they are stored may be more: a claim of their own would cost as
// much as the rest of their statements, and short waves of orders would all end in the queue.
export const NEW_MAX = 1_024;
// So many old events that are stored at once, behind others, are the backlog of an outage. While one
// arrives, the worker claims seldom: letters sent at full speed take the processor time of new orders and
// of the backlog's own events. All of its letters end as soon as before.
export const BACKLOG_MIN = 256;
// Orders that come faster than letters go leave events behind too, but younger ones.
export const BACKLOG_AGE_MS = 30_000;
const LOOP_RETRY = { firstMs: 100, maxMs: 5_000 };

/** The times of a worker. */
export interface LetterTimes {
  /** When a worker dies, its letters wait this long for another one. */
  leaseMs: number;
  renewMs: number;
  pollMs: number;
  /** Between tries of one letter. */
  retry: BackoffOptions;
  /** How long a letter is tried. */
  giveUpAfterMs: number;
  /** How long after its latest part a backlog counts as arriving. */
  backlogMs: number;
  /** Between claims meanwhile. */
  backlogClaimMs: number;
}

const TIMES: LetterTimes = {
  leaseMs: 30_000,
  renewMs: 10_000,
  pollMs: 500,
  retry: { firstMs: 1_000, maxMs: 15 * 60_000 },
  giveUpAfterMs: 24 * 3_600_000,
  backlogMs: 1_000,
  backlogClaimMs: 500,
};

export type LetterWorker = ReturnType<typeof startLetterWorker>;

export interface LetterWorkerOptions {
  database: Database;
  mailer: Mailer;
  /** Contact data by customer; customers without a profile are absent. */
  lookUpContacts: (customerIds: string[]) => Promise<Map<string, Profile>>;
  /** Items by order; orders that are not known are absent. No letter shows items when absent. */
  lookUpItems?: ((orderIds: string[]) => Promise<Map<string, OrderItems>>) | undefined;
  sender: Sender;
  log: Logger;
  onRecorded?: SendLetterDeps['onRecorded'];
  onFault: SendLetterDeps['onFault'];
  /** Off when absent: then every address counts as confirmed. */
  confirmAddresses?: boolean;
  /** Whether each attempt has a line in the log. */
  logRequests?: boolean;
  /** By the clock of the database, which measures leases and ages. */
  now: () => Date;
  times?: Partial<LetterTimes>;
}

/** Sends due letters until closed. Safe with several workers: leases in the database separate them. */
export function startLetterWorker(options: LetterWorkerOptions) {
  const { log } = options;
  const times = { ...TIMES, ...options.times };
  const token = randomUUID();
  const inFlight = createInFlight(options, { times, token, onEnded: lookForMore });
  const claim = createClaim(options, times, token);
  const giveUpWhilePaused = createGiveUp(options, times);
  /** Whether letters may wait in turn: new ones must not overtake those of other customers. */
  let othersWait = true;
  let closing = false;
  /** Until when a backlog counts as arriving, and when to claim meanwhile. By `performance.now()`. */
  let backlogUntil = 0;
  let claimAgainAt = 0;

  function lookForMore(): void {
    if (inFlight.size() === IN_FLIGHT_MAX) loop.notify();
  }

  const loop = startLoop({
    name: 'letter worker',
    log,
    retry: LOOP_RETRY,
    describe: describeMasked,
    async round() {
      const ready = options.mailer.readiness();
      // Attempts would only use up the letters' day, and failed sign-ins could lock the account.
      if (ready === 'none') return giveUpWhilePaused();
      // Waits for room for a full claim: small claims would cost a claim and a contact look-up each.
      if (inFlight.size() > IN_FLIGHT_MAX) return times.pollMs;
      const waitMs = Math.min(backlogUntil, claimAgainAt) - performance.now();
      if (waitMs > 0) return waitMs;
      const limit = ready === 'one' ? 1 : CLAIM_MAX;
      const letters = await claim(inFlight.ids(), limit);
      othersWait = letters.length === limit;
      inFlight.start(letters);
      claimAgainAt = performance.now() + times.backlogClaimMs;
      // After a full claim more may be due.
      return letters.length < CLAIM_MAX ? times.pollMs : 0;
    },
  });
  options.mailer.onClosed(loop.notify);
  const renewal = startRenewal(options, times, token, inFlight.ids);

  return {
    /** Looks for letters now. */
    kick: loop.notify,
    /**
     * Claims as many letters for this worker while they are stored, which saves a statement. Those
     * that were stored are due in `take`.
     * @param occurredAt of one of their events
     * @returns null where they have to queue: others wait, or the worker has no room
     */
    claimNew(count: number, occurredAt: Date): LetterClaim | null {
      const hasRoom = inFlight.size() + count <= NEW_MAX;
      if (hasRoom && !othersWait && !closing && options.mailer.readiness() === 'all') {
        return { token, leaseMs: times.leaseMs };
      }
      othersWait = true;
      const ageMs = options.now().getTime() - occurredAt.getTime();
      if (count >= BACKLOG_MIN && ageMs > BACKLOG_AGE_MS) {
        backlogUntil = performance.now() + times.backlogMs;
      }
      return null;
    },
    /** Sends letters that `claimNew` claimed; looks for letters where there are none. */
    take(letters: ClaimedLetter[]): void {
      if (letters.length === 0) loop.notify();
      else if (closing) inFlight.giveBack(letters);
      else inFlight.start(letters);
    },
    /** Takes no more letters and waits a bounded time for those under way. */
    async close(): Promise<void> {
      closing = true;
      await loop.close();
      await inFlight.close();
      clearInterval(renewal);
    },
  };
}

function startRenewal(
  { database, log }: LetterWorkerOptions,
  times: LetterTimes,
  token: string,
  idsOf: () => string[],
): NodeJS.Timeout {
  return setInterval(() => {
    const ids = idsOf();
    if (ids.length === 0) return;
    renewLeases(database, { ids, token, leaseMs: times.leaseMs }).catch((error: unknown) => {
      log.warn(`letter leases: ${describeMasked(error)}`);
    });
  }, times.renewMs);
}

/**
 * Claims letters in turn by customer.
 * @returns a function that claims letters, except those that the worker is still sending. The fence
 *   is the worker's token, so it cannot stop a second claim by the same worker after a lease expired
 */
function createClaim(
  options: LetterWorkerOptions,
  times: LetterTimes,
  token: string,
): (except: string[], limit: number) => Promise<ClaimedLetter[]> {
  const { database } = options;
  /** The customer after whom the turn continues. */
  let after = '';
  /** When to look for letters whose wait or lease has ended, on the clock of `performance`. */
  let lookAgainAt = 0;
  return async (except, limit) => {
    if (performance.now() >= lookAgainAt) {
      const allReady = await makeReady(database);
      if (allReady) lookAgainAt = performance.now() + times.pollMs;
    }
    const claim = { token, after, leaseMs: times.leaseMs, limit, except };
    const claimed = await claimLetters(database, claim);
    after = claimed.after;
    for (const letter of claimed.letters) {
      if (letter.previousState !== 'queued') await recordDeadHolder(options, letter);
    }
    return claimed.letters;
  };
}

/** Ends letters after their day, also while no attempt runs. @returns a round of the worker */
function createGiveUp({ database, mailer }: LetterWorkerOptions, times: LetterTimes) {
  let lookAgainAt = 0;
  return async (): Promise<number> => {
    if (performance.now() < lookAgainAt) return times.pollMs;
    const fault = mailer.providers().find((provider) => provider.fault !== null)?.fault;
    const reason = fault?.reason ?? 'no mail server can be used';
    const failed = await giveUpOverdue(database, { afterMs: times.giveUpAfterMs, reason });
    if (failed === 0) lookAgainAt = performance.now() + times.renewMs;
    return times.pollMs;
  };
}
