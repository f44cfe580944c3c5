import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Profile } from '#contracts/profiles.ts';
import { type BackoffOptions, backoffMs, pause } from '#platform/async/backoff.ts';
import { startLoop } from '#platform/async/loop.ts';
import type { Database } from '#platform/postgres/database.ts';
import { serviceOf } from '#platform/telemetry/log.ts';
import { contextOf, inSharedWork, inWork, SpanKind } from '#platform/telemetry/tracing.ts';
import { describeMasked } from '#platform/values/mask-addresses.ts';
import type { Sender } from '../letter/letter-mail.ts';
import { isErased } from '../privacy/erasure-store.ts';
import { createSlotTaker } from '../recipient/slots.ts';
import type { Mailer } from '../smtp/mailer.ts';
import { CLAIM_MAX, type ClaimedLetter, claimLetters, makeReady } from './claim-store.ts';
import { giveUpOverdue, renewLeases } from './delivery-store.ts';
import { createRecorder, type Recorder, recordDeadHolder, traceAttempt } from './record-attempt.ts';
import { type SendLetterDeps, sendLetter } from './send-letter.ts';

// A worker holds this many letters at a time; more wait in the database, where others see them.
const IN_FLIGHT_MAX = 4 * CLAIM_MAX;
// A process must stop within 10 s, and the gateway may first need 5 s for its last requests.
const STOP_TIMEOUT_MS = 4_000;
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
}

const TIMES: LetterTimes = {
  leaseMs: 30_000,
  renewMs: 10_000,
  pollMs: 500,
  retry: { firstMs: 1_000, maxMs: 15 * 60_000 },
  giveUpAfterMs: 24 * 3_600_000,
};

export type LetterWorker = ReturnType<typeof startLetterWorker>;

export interface LetterWorkerOptions {
  database: Database;
  mailer: Mailer;
  /** Contact data by customer; customers without a profile are absent. */
  lookUpContacts: (customerIds: string[]) => Promise<Map<string, Profile>>;
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
  const { database, log } = options;
  const service = serviceOf(log);
  const times = { ...TIMES, ...options.times };
  const token = randomUUID();
  const inFlight = new Map<string, Promise<void>>();
  /** Set when `close` waits no longer. */
  const over = new AbortController();
  const recorder = createRecorder({
    database,
    log,
    token,
    lettersMax: IN_FLIGHT_MAX,
    giveUpAfterMs: times.giveUpAfterMs,
    over: over.signal,
  });
  const takeSlot = createSlotTaker(database, IN_FLIGHT_MAX);
  const claim = createClaim(options, times, token);
  const giveUpWhilePaused = createGiveUp(options, times);

  function startSending(letters: ClaimedLetter[]): void {
    const customers = [...new Set(letters.map((letter) => letter.customerId))];
    // One look-up for the batch; each letter records its failure.
    const contacts = inSharedWork(
      letters.map(({ traceparent }) => contextOf(traceparent)),
      { name: 'look up contacts', service },
      () => options.lookUpContacts(customers),
    );
    contacts.catch(() => {});
    const deps = { ...bindSend(options, times, recorder, contacts), takeSlot };
    for (const letter of letters) {
      const sending = inWork(workOf(letter, service), () =>
        sendLetter(deps, letter).catch((error: unknown) => {
          // Its record could not be written; the lease brings the letter back.
          log.warn({ letter: letter.id }, `letter attempt: ${describeMasked(error)}`);
        }),
      ).finally(() => {
        inFlight.delete(letter.id);
        if (inFlight.size === IN_FLIGHT_MAX - CLAIM_MAX) loop.notify();
      });
      inFlight.set(letter.id, sending);
    }
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
      const hasRoom = inFlight.size <= IN_FLIGHT_MAX - CLAIM_MAX;
      const limit = ready === 'one' ? 1 : CLAIM_MAX;
      const letters = hasRoom ? await claim([...inFlight.keys()], limit) : [];
      if (letters.length > 0) startSending(letters);
      // After a full claim more may be due.
      return letters.length < CLAIM_MAX ? times.pollMs : 0;
    },
  });
  options.mailer.onClosed(loop.notify);
  const renewal = startRenewal(options, times, token, inFlight);

  return {
    /** Looks for letters now. */
    kick: loop.notify,
    /** Takes no more letters and waits a bounded time for those under way. */
    async close(): Promise<void> {
      await loop.close();
      const settled = Promise.allSettled(inFlight.values());
      await Promise.race([settled, pause(STOP_TIMEOUT_MS, over.signal)]);
      clearInterval(renewal);
      over.abort();
    },
  };
}

/** The span of an attempt, in the trace of its event. */
function workOf({ id, event, traceparent }: ClaimedLetter, service: string) {
  const fields = { orderId: event.orderId, letterId: id };
  const parent = contextOf(traceparent);
  return { name: 'send letter', kind: SpanKind.CLIENT, service, parent, fields };
}

function startRenewal(
  { database, log }: LetterWorkerOptions,
  times: LetterTimes,
  token: string,
  inFlight: Map<string, unknown>,
): NodeJS.Timeout {
  return setInterval(() => {
    const ids = [...inFlight.keys()];
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

/** The context that the attempts of one batch share. */
function bindSend(
  options: LetterWorkerOptions,
  times: LetterTimes,
  recorder: Recorder,
  contacts: Promise<Map<string, Profile>>,
): Omit<SendLetterDeps, 'takeSlot'> {
  /** Raises an alarm and fails the attempt, if a batch returned the data of another letter. */
  function ownOrAlarm<T>(data: T, id: string, expected: string): T {
    if (id === expected) return data;
    options.log.error({ id, expected }, 'letters are mixed up: data of another one');
    throw new Error(`got the data of ${id} for ${expected}`);
  }

  return {
    async findContact(customerId) {
      const contact = (await contacts).get(customerId) ?? null;
      return contact && ownOrAlarm(contact, contact.customerId, customerId);
    },
    isErased: (customerId) => isErased(options.database, customerId),
    async markCommitting({ id }, recipient) {
      const marked = await recorder.markCommitting({ id, recipient });
      return marked !== null && ownOrAlarm(true, marked, id);
    },
    send: (mail, beforeDot) => options.mailer.send(mail, beforeDot),
    record: (attempt, failure) =>
      recorder.record(traceAttempt(attempt, options.logRequests ? options.log : null), failure),
    sender: options.sender,
    retryInMs: (attempts) => backoffMs(attempts, times.retry),
    giveUpAfterMs: times.giveUpAfterMs,
    now: options.now,
    onRecorded: options.onRecorded,
    giveBack: recorder.giveBack,
    hold: recorder.hold,
    confirmAddresses: options.confirmAddresses ?? false,
    onFault: options.onFault,
  };
}
