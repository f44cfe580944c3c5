import type { Client } from './client.ts';
import { DeadlineError } from './errors.ts';
import type { Answer } from './exchange.ts';
import type { Journey, Letter } from './generated/types.ts';
import { sleep } from './repeat.ts';

export interface LetterWait {
  /** By default 60 s. */
  deadlineMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface Watching {
  signal?: AbortSignal | undefined;
  /** `readAnyJourney` for an operator. */
  operation?: 'readJourney' | 'readAnyJourney' | undefined;
}

const LETTER_DEADLINE_MS = 60_000;
const FAST_MS = 500;
const SLOW_MS = 3_000;
/** Most journeys end within this time. */
const YOUNG_MS = 30_000;
// A gateway that restarts does not end a watch.
const READ_DEADLINE_MS = 60_000;

/** @throws DeadlineError while the letter is neither sent nor failed */
export async function waitForLetter(
  call: Client['call'],
  orderId: string,
  { deadlineMs = LETTER_DEADLINE_MS, signal }: LetterWait = {},
): Promise<Letter> {
  const end = performance.now() + deadlineMs;
  let state = 'missing';
  for (;;) {
    const leftMs = Math.max(0, end - performance.now());
    const { body } = await call('readLetters', { query: { orderId }, deadlineMs: leftMs, signal });
    const [letter] = body.data;
    if (letter?.state === 'sent' || letter?.state === 'failed') return letter;
    state = letter?.state ?? state;
    if (performance.now() + FAST_MS > end) {
      throw new DeadlineError(`the letter of order ${orderId} is ${state} after ${deadlineMs} ms`);
    }
    await sleep(FAST_MS, signal);
  }
}

/** Asks with the ETag of the answer before, so that an unchanged journey is not sent again. */
export async function* watchJourney(
  call: Client['call'],
  orderId: string,
  { signal, operation = 'readJourney' }: Watching = {},
): AsyncGenerator<Journey> {
  const openedAt = performance.now();
  let former: Answer<Journey> | undefined;
  for (;;) {
    const request = { params: { orderId }, former, signal, deadlineMs: READ_DEADLINE_MS };
    const answer = await call(operation, request);
    if (answer.text !== former?.text) yield answer.body;
    if (answer.body.complete) return;
    former = answer;
    await sleep(performance.now() - openedAt < YOUNG_MS ? FAST_MS : SLOW_MS, signal);
  }
}
