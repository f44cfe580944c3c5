import type { OperatorLetter } from '#contracts/notifications.ts';

/** What became of a letter that a person sent again. `later`: it is tried again by itself. */
export type ResendOutcome = 'waiting' | 'sent' | 'failed' | 'later';

/** The API lists the latest 50 attempts, so their count does not show a new one. */
export const lastAttemptOf = ({ attempts }: OperatorLetter) => attempts.at(-1)?.number ?? 0;

/**
 * What became of it.
 * @param since the number of its last attempt before it was sent again
 */
export function outcomeOf(letter: OperatorLetter, since: number): ResendOutcome {
  const { state, waitsFor } = letter;
  if (state === 'sent') return 'sent';
  if (state === 'queued' && waitsFor !== undefined) return 'later';
  // An attempt is recorded a moment after the state that it led to.
  if (state === 'sending' || lastAttemptOf(letter) <= since) return 'waiting';
  return state === 'failed' ? 'failed' : 'later';
}

/** A letter that this person did something to; `since` is null where it was not sent again. */
export interface WatchedLetter {
  letter: OperatorLetter;
  since: number | null;
}
export type WatchedLetters = ReadonlyMap<string, WatchedLetter>;

/**
 * The rows of a list: those that this person did something to stay, as they are now, although the
 * filter no longer finds them. Newest first, which is the order of their ids.
 */
export function rowsWith(letters: OperatorLetter[], watched: WatchedLetters): OperatorLetter[] {
  const rows = new Map(letters.map((letter) => [letter.id, letter]));
  for (const { letter } of watched.values()) rows.set(letter.id, letter);
  return [...rows.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}
