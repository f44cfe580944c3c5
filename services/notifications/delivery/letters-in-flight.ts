import type { Profile } from '#contracts/profiles.ts';
import { backoffMs, pause } from '#platform/async/backoff.ts';
import { createBatcher } from '#platform/async/batcher.ts';
import { serviceOf } from '#platform/telemetry/log.ts';
import { contextOf, inWork, SpanKind } from '#platform/telemetry/tracing.ts';
import { describeMasked } from '#platform/values/mask-addresses.ts';
import type { ClaimedLetter } from '../letter/claimed-letter.ts';
import { isErased } from '../privacy/erasure-store.ts';
import { createSlotTaker } from '../recipient/slots.ts';
import { retryLetters } from '../repair/retry-letters.ts';
import { createRecorder, traceAttempt } from './record-attempt.ts';
import { type SendLetterDeps, sendLetter } from './send-letter.ts';
import type { LetterTimes, LetterWorkerOptions } from './worker.ts';

// More than a worker holds: a claim and some batches of new letters, which may come at once.
const HELD_MAX = 2_048;
// A process must stop within 10 s, and the gateway may first need 5 s for its last requests.
const STOP_TIMEOUT_MS = 4_000;
// One look-up of contacts.
const CUSTOMERS_MAX = 200;
const ORDERS_MAX = 50;

/**
 * The letters that a worker is sending.
 * @param worker `onEnded` is called after each of them
 */
export function createInFlight(
  options: LetterWorkerOptions,
  worker: { times: LetterTimes; token: string; onEnded: () => void },
) {
  const { database, log } = options;
  const { times, token } = worker;
  const service = serviceOf(log);
  const sending = new Map<string, Promise<void>>();
  /** Set when `close` waits no longer. */
  const over = new AbortController();
  const recorder = createRecorder({
    database,
    log,
    token,
    lettersMax: HELD_MAX,
    giveUpAfterMs: times.giveUpAfterMs,
    over: over.signal,
  });
  const deps = createDeps(options, times, recorder);

  return {
    size: () => sending.size,
    ids: () => [...sending.keys()],
    /** Sends letters whose lease this worker holds. */
    start(letters: ClaimedLetter[]): void {
      for (const letter of letters) {
        const ended = inWork(workOf(letter, service), () =>
          sendLetter(deps, letter).catch((error: unknown) => {
            // Its record could not be written; the lease brings the letter back.
            log.warn({ letter: letter.id }, `letter attempt: ${describeMasked(error)}`);
          }),
        ).finally(() => {
          sending.delete(letter.id);
          worker.onEnded();
        });
        sending.set(letter.id, ended);
      }
    },
    /** Puts letters back that came too late to begin. */
    giveBack(letters: ClaimedLetter[]): void {
      for (const { id } of letters) {
        recorder.giveBack(id).catch((error: unknown) => {
          log.warn({ letter: id }, `letter that was not begun: ${describeMasked(error)}`);
        });
      }
    },
    /** Waits a bounded time for those under way. */
    async close(): Promise<void> {
      const settled = Promise.allSettled(sending.values());
      await Promise.race([settled, pause(STOP_TIMEOUT_MS, over.signal)]);
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

/** Looks up the items of orders, in batches. @returns a function that answers those of one order */
function createItemFinder(lookUp: LetterWorkerOptions['lookUpItems'], waitMaxMs: number) {
  if (lookUp === undefined) return async () => undefined;
  return createBatcher({
    name: 'look up items of orders',
    async run(orderIds: string[]) {
      const found = await lookUp([...new Set(orderIds)]);
      return orderIds.map((orderId) => found.get(orderId));
    },
    batchMax: ORDERS_MAX,
    waitingMax: HELD_MAX,
    maxConcurrency: 2,
    waitMaxMs,
  });
}

/** What attempts need of the worker. */
function createDeps(
  options: LetterWorkerOptions,
  times: LetterTimes,
  recorder: ReturnType<typeof createRecorder>,
): SendLetterDeps {
  /** Raises an alarm and fails the attempt, if a batch returned the data of another letter. */
  function ownOrAlarm<T>(data: T, id: string, expected: string): T {
    if (id === expected) return data;
    options.log.error({ id, expected }, 'letters are mixed up: data of another one');
    throw new Error(`got the data of ${id} for ${expected}`);
  }
  const lookUp = createBatcher({
    name: 'look up contacts',
    async run(customerIds: string[]) {
      const contacts = await options.lookUpContacts([...new Set(customerIds)]);
      return customerIds.map((customerId) => contacts.get(customerId) ?? null);
    },
    batchMax: CUSTOMERS_MAX,
    waitingMax: HELD_MAX,
    // A slow look-up does not stop all others.
    maxConcurrency: 2,
    waitMaxMs: times.leaseMs,
  });

  const findItems = createItemFinder(options.lookUpItems, times.leaseMs);

  async function findContact(customerId: string): Promise<Profile | null> {
    const contact = await lookUp(customerId);
    return contact && ownOrAlarm(contact, contact.customerId, customerId);
  }

  return {
    findContact,
    async retryCorrected({ id, customerId }, failedAddress) {
      try {
        const contact = await findContact(customerId);
        if (contact === null || contact.email === failedAddress) return;
        await retryLetters(options.database, [id]);
      } catch (error) {
        // The letter stays failed, and an operator can resend it.
        options.log.warn({ letter: id }, `retry of a failed letter: ${describeMasked(error)}`);
      }
    },
    async findItems(orderId) {
      const found = await findItems(orderId);
      return found && ownOrAlarm(found.items, found.orderId, orderId);
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
    takeSlot: createSlotTaker(options.database, HELD_MAX),
    onFault: options.onFault,
  };
}
