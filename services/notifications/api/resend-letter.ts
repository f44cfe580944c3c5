import type { LetterRow } from './letter-list-store.ts';

export interface ResendLetterDeps {
  /** Makes a failed or waiting letter due now; false for one in another state, or none at all. */
  queueAgain: (letterId: string) => Promise<boolean>;
  findLetter: (letterId: string) => Promise<LetterRow | null>;
  /** Called after a letter became due. */
  onDue: () => void;
}

/**
 * The operator asks to try a letter now. A failed or waiting one becomes due; one that is being
 * sent is being tried already, so it is answered as it is, and asking twice does nothing twice.
 * @returns the letter; `'sent'` for one that had been sent before; null for an unknown id
 */
export async function resendLetter(
  deps: ResendLetterDeps,
  letterId: string,
): Promise<LetterRow | 'sent' | null> {
  const due = await deps.queueAgain(letterId);
  if (due) deps.onDue();
  const letter = await deps.findLetter(letterId);
  // A worker may have sent it since it became due: that is what was asked for.
  return letter?.state === 'sent' && !due ? 'sent' : letter;
}
