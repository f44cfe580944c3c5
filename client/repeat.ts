import { NoAnswerError, OutcomeUnknownError, ProblemError } from './errors.ts';
import type { Answer, Attempt, Outgoing } from './exchange.ts';

/** How a request is repeated while its outcome is open, always with the same key. */
export interface Repetition {
  /** For how long; 0 sends it once. */
  deadlineMs: number;
  /** Whether an order that is still Pending is asked for again, until it has ended. */
  awaitOutcome: boolean;
  /** Whether an earlier request with this key may have been done. */
  sentBefore: boolean;
  /** How many answers of something other than the API in a row are followed by a repetition. */
  foreignMax: number;
  /** A longer `Retry-After` ends the repetitions. */
  pauseMaxMs: number;
  /** Ends the repetitions; the request that is under way goes on. */
  until: AbortSignal | undefined;
  /** Called before the pause of each repetition. */
  onRepeat: (() => void) | undefined;
}

const PAUSE_FIRST_MS = 200;
const PAUSE_MAX_MS = 3_000;

/**
 * Sends a request until an answer is final or the time is over.
 * @param send sends it once
 * @returns a success answer; that of an order may be still Pending
 * @throws ProblemError when the request was not and will not be done; NoAnswerError or ProblemError
 *   for a read; OutcomeUnknownError for a write that may be done
 */
export async function repeat(
  { method, key, signal }: Pick<Outgoing, 'method' | 'key' | 'signal'>,
  repetition: Repetition,
  send: () => Promise<Attempt>,
): Promise<Answer<unknown>> {
  const end = performance.now() + repetition.deadlineMs;
  let mayBeDone = repetition.sentBefore;
  let pending: Answer<unknown> | undefined;
  let foreign = 0;
  const failure = (cause: unknown) =>
    method !== 'GET' && mayBeDone && !isDecision(cause)
      ? new OutcomeUnknownError(key, cause)
      : cause;
  if (repetition.until?.aborted) throw failure(repetition.until.reason);
  for (let number = 1; ; number++) {
    const attempt = await send().catch((error: unknown) => {
      // The server may have received a write that was stopped.
      mayBeDone ||= signal?.aborted === true;
      throw failure(error);
    });
    if (attempt.kind === 'refused') throw failure(attempt.error);
    if (attempt.kind === 'success') {
      if (!attempt.pending || !repetition.awaitOutcome) return attempt.answer;
      pending = attempt.answer;
    }
    mayBeDone ||= attempt.kind === 'success' || attempt.sent;
    foreign = isForeign(attempt) ? foreign + 1 : 0;
    const pauseMs = pauseAfter(attempt, number);
    const isTooLong = pauseMs > repetition.pauseMaxMs || performance.now() + pauseMs > end;
    if (isTooLong || foreign > repetition.foreignMax || saysNever(attempt)) {
      if (pending !== undefined) return pending;
      throw failure((attempt as { error?: Error }).error);
    }
    repetition.onRepeat?.();
    await sleep(pauseMs, repetition.until).catch((error: unknown) => {
      throw failure(error);
    });
  }
}

/** Other refusals say nothing about an earlier request with the key, whose answer was lost. */
function isDecision(cause: unknown): boolean {
  return cause instanceof ProblemError && cause.decided;
}

function isForeign(attempt: Attempt): boolean {
  if (attempt.kind !== 'unknown' || !(attempt.error instanceof NoAnswerError)) return false;
  return attempt.error.reason !== 'unreachable';
}

/** Whether the API itself says that a repetition does not help. */
function saysNever(attempt: Attempt): boolean {
  if (attempt.kind !== 'unknown' || attempt.error instanceof NoAnswerError) return false;
  return attempt.error.problem.retryable === false;
}

/** Half of it is random, so that clients do not return all at once after a restart. */
function pauseAfter(attempt: Attempt, number: number): number {
  const most = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (number - 1));
  const ownMs = most * (0.5 + Math.random() / 2);
  if (attempt.kind !== 'unknown' || attempt.error instanceof NoAnswerError) return ownMs;
  return Math.max(ownMs, attempt.error.retryAfterMs ?? 0);
}

/** @throws the signal's reason when it aborts */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
