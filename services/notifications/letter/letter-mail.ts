import type { Mail } from './compose-mail.ts';
import type { LetterEvent } from './letter-event.ts';
import { renderLetter } from './template.ts';

/** The customer's contact data in a letter. Locked once a final dot may have been sent. */
export interface Recipient {
  to: string;
  name: string;
  locale: 'ru' | 'en';
}

/** The row's recipient, null before the first marker. */
export function recipientOf(row: {
  recipient: string | null;
  recipient_name: string | null;
  locale: 'ru' | 'en' | null;
}): Recipient | null {
  const { recipient: to, recipient_name: name, locale } = row;
  return to === null || name === null || locale === null ? null : { to, name, locale };
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
}

/** The input of a letter, apart from its recipient. */
export interface LetterContent {
  id: string;
  event: LetterEvent;
  templateVersion: number;
  createdAt: Date;
}

/** The mail that a letter is. Pure: a repeated attempt sends the same bytes. */
export function mailOf(letter: LetterContent, recipient: Recipient, sender: Sender): Mail {
  const { to, name, locale } = recipient;
  return {
    ...renderLetter({ ...letter.event, name, locale }, letter.templateVersion),
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
