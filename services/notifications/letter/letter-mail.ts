import type { Mail } from './compose-mail.ts';
import type { LetterEvent } from './letter-event.ts';
import type { RenderedLetter } from './letter-facts.ts';
import type { LetterItems } from './letter-items.ts';
import { renderLetter, TEMPLATES, type Templates } from './template.ts';

/** The customer's contact data in a letter. Locked once a final dot may have been sent. */
export interface Recipient {
  to: string;
  name: string;
  locale: 'ru' | 'en';
  /** What letters from template version 2 on show too. */
  details?: LetterDetails;
}

export interface LetterDetails {
  /** The customer's, by IANA; UTC when absent. */
  timeZone?: string;
  /** Absent where the address is not confirmed: their names are a text of the customer's. */
  items?: LetterItems;
}

/** The row's recipient, null before the first marker. */
export function recipientOf(row: {
  recipient: string | null;
  recipient_name: string | null;
  locale: 'ru' | 'en' | null;
  details: LetterDetails | null;
}): Recipient | null {
  const { recipient: to, recipient_name: name, locale, details } = row;
  if (to === null || name === null || locale === null) return null;
  return { to, name, locale, ...(details !== null && { details }) };
}

/** Values that all letters of a deployment share. */
export interface Sender {
  /** `address` or `Display name <address>`. */
  from: string;
  /** Where answers go, in the same form. */
  replyTo?: string;
  /** A `mailto:` or `https:` URL; `{letterId}` in it is the letter's id. */
  unsubscribe?: string;
  /** The Message-ID of a letter, without its angle brackets. */
  messageIdOf: (letterId: string) => string;
  /** Where links of letters lead, without a slash at its end; no links when absent. */
  publicUrl?: string | undefined;
  /** The built-in ones when absent. */
  templates?: Templates;
}

/** The input of a letter, apart from its recipient. */
export interface LetterContent {
  id: string;
  event: LetterEvent;
  templateVersion: number;
  createdAt: Date;
}

/** The letter as its template renders it for this recipient. @throws UnknownTemplateError */
export function rendered(
  { event, templateVersion }: Pick<LetterContent, 'event' | 'templateVersion'>,
  { name, locale, details = {} }: Omit<Recipient, 'to'>,
  { publicUrl, templates = TEMPLATES }: Pick<Sender, 'publicUrl' | 'templates'>,
): RenderedLetter {
  const facts = { ...event, name, locale, publicUrl, ...details };
  return renderLetter(facts, templateVersion, templates);
}

/** The mail that a letter is. Pure: a repeated attempt sends the same bytes. */
export function mailOf(letter: LetterContent, recipient: Recipient, sender: Sender): Mail {
  const { to, locale } = recipient;
  return {
    ...rendered(letter, recipient, sender),
    messageId: sender.messageIdOf(letter.id),
    from: sender.from,
    to,
    ...(sender.replyTo !== undefined && { replyTo: sender.replyTo }),
    ...(sender.unsubscribe !== undefined && {
      unsubscribe: unsubscribeOf(sender.unsubscribe, letter.id),
    }),
    // Not the time of the attempt, which would change the bytes.
    date: letter.createdAt,
    language: locale,
  };
}

function unsubscribeOf(template: string, letterId: string): NonNullable<Mail['unsubscribe']> {
  const url = template.replaceAll('{letterId}', letterId);
  // RFC 8058 section 3.1: a POST without the id would not say whom to unsubscribe.
  return { url, oneClick: url.startsWith('https:') && url !== template };
}
