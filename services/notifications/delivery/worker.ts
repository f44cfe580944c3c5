import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Profile } from '#contracts/profiles.ts';
import { type BackoffOptions, backoffMs, pause } from '#platform/async/backoff.ts';
import { type Batcher, createBatcher } from '#platform/async/batcher.ts';
import { createWakeup } from '#platform/async/wakeup.ts';
import { describeError } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import { isRowFault, isTransient } from '#platform/postgres/errors.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import type { Mailer } from '../smtp/mailer.ts';
import { CLAIM_MAX, type ClaimedLetter, claimLetters, makeReady } from './claim-store.ts';
import * as store from './letter-store.ts';
import { type SendLetterDeps, sendLetter } from './send-letter.ts';

// A worker holds this many letters at a time; more wait in the database, where others see them.
const IN_FLIGHT_MAX = 4 * CLAIM_MAX;
// A process has 10 s to stop in, and before this the gateway may need 5 for its last requests.
const STOP_TIMEOUT_MS = 4_000;
const LOOP_RETRY = { firstMs: 100, maxMs: 5_000 };
// Some minutes of trying to record `sent`: without the record the letter goes a second time.
const RECORD_RETRIES_MAX = 40;

/** The waits of a worker. */
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

export interface LetterWorker {
  /** Looks for letters now: called when some entered the inbox. */
  kick(): void;
  /** Takes no more letters and waits, for a bounded time, for those under way. */
  close(): Promise<void>;
}

export interface LetterWorkerOptions {
  database: Database;
  mailer: Mailer;
  /** Contact data by customer; customers without a profile are absent. */
  lookUpContacts: (customerIds: string[]) => Promise<Map<string, Profile>>;
  from: string;
  messageIdOf: (letterId: string) => string;
  log: Logger;
  onOurFault: SendLetterDeps['onOurFault'];
  /** By the clock of the database, which leases and ages are counted by. */
  now: () => Date;
  times?: Partial<LetterTimes>;
}

/** Sends due letters until closed. Safe with several workers: the database says who holds what. */
export function startLetterWorker(options: LetterWorkerOptions): LetterWorker {
  const { database, log } = options;
  const times = { ...TIMES, ...options.times };
  const token = randomUUID();
  const inFlight = new Map<string, Promise<void>>();
  const stop = new AbortController();
  /** Set when `close` waits no longer. */
  const over = new AbortController();
  const wakeup = createWakeup();
  // One run at a time: two would be of half the size each, and cost a third more.
  const batch = {
    isItemError: isRowFault,
    maxConcurrency: 1,
    batchMax: IN_FLIGHT_MAX,
    waitingMax: IN_FLIGHT_MAX,
  };
  const markCommitting = createBatcher({
    ...batch,
    run: (marks: store.CommittingMark[]) => store.markCommitting(database, token, marks),
  });
  const markSent: Batcher<store.SentLetter, void> = createBatcher({
    ...batch,
    async run(sent: store.SentLetter[]) {
      await store.markSent(database, sent, true);
      return sent.map(() => undefined);
    },
  });
  /** The customer after whom the turn goes on. */
  let after = '';
  /** When to look for letters whose wait or lease has ended, on the clock of `performance`. */
  let lookAgainAt = 0;

  async function run(): Promise<void> {
    let failures = 0;
    while (!stop.signal.aborted) {
      try {
        // Fewer at a time would cost a claim and a look-up of contacts for each letter.
        const hasRoom = inFlight.size <= IN_FLIGHT_MAX - CLAIM_MAX;
        const letters = hasRoom ? await claim() : [];
        failures = 0;
        if (letters.length > 0) startSending(letters);
        // After a full claim more may be due.
        if (letters.length < CLAIM_MAX) await wakeup.wait(times.pollMs);
      } catch (error) {
        failures++;
        log.warn({ failures }, `letter worker: ${masked(error)}`);
        await pause(backoffMs(failures, LOOP_RETRY), stop.signal);
      }
    }
  }

  async function claim(): Promise<ClaimedLetter[]> {
    if (performance.now() >= lookAgainAt) {
      const allReady = await makeReady(database);
      if (allReady) lookAgainAt = performance.now() + times.pollMs;
    }
    const claimed = await claimLetters(database, {
      token,
      after,
      leaseMs: times.leaseMs,
      limit: CLAIM_MAX,
      // A lease that ran out unrenewed (database away) must not give us a letter twice: the fence
      // is the worker's token, which both attempts would hold.
      except: [...inFlight.keys()],
    });
    after = claimed.after;
    for (const letter of claimed.letters) {
      if (letter.previousState !== 'queued') await recordDeadHolder(options, letter);
    }
    return claimed.letters;
  }

  function startSending(letters: ClaimedLetter[]): void {
    const customers = [...new Set(letters.map((letter) => letter.customerId))];
    // One look-up for the batch; its failure is every letter's own, with its own record.
    const contacts = options.lookUpContacts(customers);
    contacts.catch(() => {});
    const deps = bind(contacts);
    for (const letter of letters) {
      const sending = sendLetter(deps, letter)
        .catch((error: unknown) => {
          // Its record could not be written; the lease brings the letter back.
          log.warn({ letter: letter.id }, `letter attempt: ${masked(error)}`);
        })
        .finally(() => {
          inFlight.delete(letter.id);
          if (inFlight.size === IN_FLIGHT_MAX - CLAIM_MAX) wakeup.notify();
        });
      inFlight.set(letter.id, sending);
    }
  }

  function bind(contacts: Promise<Map<string, Profile>>): SendLetterDeps {
    return {
      async findContact(customerId) {
        const contact = (await contacts).get(customerId) ?? null;
        return contact && ownOrAlarm(contact, contact.customerId, customerId);
      },
      async markCommitting({ id }, recipient) {
        const marked = await markCommitting({ id, recipient });
        return marked !== null && ownOrAlarm(true, marked, id);
      },
      send: (mail, beforeDot) => options.mailer.send(mail, beforeDot),
      async record({ id }, attempt, verdict) {
        if (verdict.state === 'lost') return;
        if (verdict.state === 'sent') {
          const { response, recipient } = verdict;
          await recordSent({ response, recipient, attempt });
        } else {
          // The state first: an attempt without a record is a gap, a state without one holds the
          // letter until its lease ends.
          await store.recordFailure(database, id, token, { retryInMs: 0, ...verdict });
          await store.insertAttempt(database, attempt);
        }
      },
      messageIdOf: options.messageIdOf,
      from: options.from,
      retryInMs: (attempts) => backoffMs(attempts, times.retry),
      giveUpAfterMs: times.giveUpAfterMs,
      now: options.now,
      onOurFault: options.onOurFault,
    };
  }

  /** Another letter's data never becomes a letter: an alarm, and the attempt ends. */
  function ownOrAlarm<T>(data: T, id: string, expected: string): T {
    if (id === expected) return data;
    log.error({ id, expected }, 'letters are mixed up: data of another one');
    throw new Error(`got the data of ${id} for ${expected}`);
  }

  /** Outlives an absence of the database: the server has the letter, so it must not go again. */
  async function recordSent(sent: store.SentLetter): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await markSent(sent);
      } catch (error) {
        if (!isTransient(error)) {
          // It may be the attempt that the database refuses: without it there is a gap, without
          // the state there will be a second copy.
          await store.markSent(database, [sent], false);
          throw error;
        }
        if (tries > RECORD_RETRIES_MAX || over.signal.aborted) throw error;
        const letter = sent.attempt.letterId;
        log.warn({ letter, tries }, `sent, but not recorded yet: ${masked(error)}`);
        await pause(backoffMs(tries, LOOP_RETRY), over.signal);
      }
    }
  }

  const renewal = setInterval(() => {
    const ids = [...inFlight.keys()];
    if (ids.length === 0) return;
    store.renewLeases(database, { ids, token, leaseMs: times.leaseMs }).catch((error: unknown) => {
      log.warn(`letter leases: ${masked(error)}`);
    });
  }, times.renewMs);

  const running = run();
  return {
    kick: wakeup.notify,
    async close() {
      stop.abort();
      wakeup.notify();
      await running;
      await Promise.race([
        Promise.allSettled(inFlight.values()),
        pause(STOP_TIMEOUT_MS, over.signal),
      ]);
      clearInterval(renewal);
      over.abort();
    },
  };
}

/** The holder before us never wrote down how its attempt ended. */
async function recordDeadHolder(
  { database, log, now }: LetterWorkerOptions,
  letter: ClaimedLetter,
): Promise<void> {
  const unknown = letter.previousState === 'committing';
  log.warn({ letter: letter.id, unknown }, 'took over a letter whose sender died');
  await store.insertAttempt(database, {
    letterId: letter.id,
    number: letter.attempt - 1,
    startedAt: now(),
    durationMs: 0,
    contactMs: null,
    outcome: unknown ? 'unknown' : 'transient',
    response: null,
    error: 'the sender died or lost its lease',
  });
}

/** For the log, where no address may stand. */
function masked(error: unknown): string {
  return maskAddresses(describeError(error));
}
