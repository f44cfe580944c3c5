import type { Logger } from 'pino';
import { backoffMs, pause } from '#platform/async/backoff.ts';
import { createBatcher } from '#platform/async/batcher.ts';
import type { Database } from '#platform/postgres/database.ts';
import { isRowFault, isTransient } from '#platform/postgres/errors.ts';
import { traceIdIn } from '#platform/telemetry/trace-context.ts';
import { currentPosition, describeOutcome } from '#platform/telemetry/tracing.ts';
import { describeMasked } from '#platform/values/mask-addresses.ts';
import type { ClaimedLetter } from '../letter/claimed-letter.ts';
import * as store from './delivery-store.ts';
import { holdLetters } from './hold-store.ts';

const RETRY = { firstMs: 100, maxMs: 5_000 };
// Tries for some minutes to record `sent`: without the record the letter is sent a second time.
const RETRIES_MAX = 40;

export type Recorder = ReturnType<typeof createRecorder>;

/**
 * Records the progress and results of attempts, in batches.
 * @param options `token`: the worker's fencing token; `lettersMax`: most letters that the worker
 *   holds at a time; `giveUpAfterMs`: how long a letter is tried; `over` ends repetitions when the worker is closed
 */
export function createRecorder(options: {
  database: Database;
  log: Logger;
  token: string;
  lettersMax: number;
  giveUpAfterMs: number;
  over: AbortSignal;
}) {
  const { database, log, token, lettersMax, giveUpAfterMs, over } = options;
  const batch = {
    isItemError: isRowFault,
    // Two concurrent batches would be half as large each, and cost a third more.
    maxConcurrency: 1,
    batchMax: lettersMax,
    waitingMax: lettersMax,
  };
  const markSent = createBatcher({
    ...batch,
    name: 'record sent letters',
    async run(sent: store.SentAttempt[]) {
      await store.markSent(database, token, sent, true);
      return sent.map(() => undefined);
    },
  });

  /** Retries while the database is away: the server has the letter, so it must not be sent again. */
  async function recordSent(sent: store.SentAttempt): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await markSent(sent);
      } catch (error) {
        if (!isTransient(error)) {
          // The database refused the attempt's row. Records the state alone: a missing attempt is a
          // gap in the list, but a missing state would send the letter a second time.
          await store.markSent(database, token, [sent], false);
          throw error;
        }
        if (tries > RETRIES_MAX || over.aborted) throw error;
        log.warn(
          { letter: sent.letterId, tries },
          `sent, but not recorded yet: ${describeMasked(error)}`,
        );
        await pause(backoffMs(tries, RETRY), over);
      }
    }
  }

  return {
    /** Gives the letter's id when the dot may be sent, null when the lease was lost. */
    markCommitting: createBatcher({
      ...batch,
      name: 'mark letters before the dot',
      run: (marks: store.CommittingMark[]) => store.markCommitting(database, token, marks),
    }),
    /** Puts a letter back whose attempt did not begin. */
    giveBack: createBatcher({
      ...batch,
      async run(ids: string[]) {
        await store.giveBack(database, token, ids);
        return ids.map(() => undefined);
      },
    }),
    /** Puts a letter back until the customer confirms the address. */
    hold: createBatcher({
      ...batch,
      async run(ids: string[]) {
        await holdLetters(database, { token, ids, giveUpAfterMs });
        return ids.map(() => undefined);
      },
    }),
    /** @param failure the letter's state after a failed attempt; null when it was sent */
    async record(attempt: store.Attempt, failure: store.FailedLetter | null): Promise<void> {
      // No dot is sent without the marker, so an attempt that arrived has its recipient.
      if (failure === null) return recordSent(attempt as store.SentAttempt);
      // The state first: a missing attempt is only a gap in the list, but a missing state blocks the
      // letter until its lease ends.
      await store.recordFailure(database, attempt.letterId, token, failure);
      await store.insertAttempt(database, attempt);
    },
  };
}

/** The last holder of a letter died before it recorded its attempt. */
export async function recordDeadHolder(
  { database, log, now }: { database: Database; log: Logger; now: () => Date },
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
    stage: unknown ? 'after-dot' : null,
    response: null,
    error: 'the sender died or lost its lease',
    traceId: traceIdIn(letter.traceparent),
  });
}

/**
 * Writes an attempt to the span and, where `log` is given, the log. The letter's ids are those of
 * the current work.
 * @returns the attempt with its trace id
 */
export function traceAttempt(attempt: store.Attempt, log: Logger | null): store.Attempt {
  const { number, outcome, durationMs: ms } = attempt;
  const response = describeMasked(attempt.response ?? attempt.error ?? '');
  describeOutcome({ attempt: number, outcome, 'smtp.response': response }, outcome !== 'sent');
  const text = outcome === 'sent' ? 'letter sent' : `letter attempt: ${outcome}`;
  log?.info({ attempt: number, outcome, response, ms }, text);
  return { ...attempt, traceId: currentPosition().traceId };
}
