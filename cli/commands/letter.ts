import { readLetter, readLetters } from '#contracts/gateway.ts';
import { SOME_ID } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { letterRow, letterText } from '../views/letter.ts';
import { listOf, showOf } from '../views/list.ts';

/** The customer's own letters. */
export function addLetterCommands({ add, limit }: CommandRegistrar): void {
  add('letters', 'letters', listOf(readLetters, letterRow), ['letters --limit 5'], [limit()]);
  const show = showOf(readLetter, 'letterId', letterText);
  add('letter <letter>', 'letter', show, [`letter ${SOME_ID}`]);
}
