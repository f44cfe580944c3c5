import type { LetterEvent } from './letter-event.ts';
import type { LetterItems } from './letter-items.ts';

/** The input of a letter: its order update and the customer's contact data. */
export interface LetterFacts extends LetterEvent {
  locale: 'ru' | 'en';
  /** The customer's name as the profile has it; may be empty. */
  name: string;
  /** Of the moments, by IANA; UTC when absent. */
  timeZone?: string | undefined;
  /** Absent in letters to unconfirmed addresses, and of version 1. */
  items?: LetterItems | undefined;
  /** Where links lead, without a slash at its end; no links when absent. */
  publicUrl?: string | undefined;
}

export interface RenderedLetter {
  subject: string;
  /** Plain text, lines ended by LF. */
  text: string;
  /** One self-contained HTML document that says the same. */
  html: string;
}
