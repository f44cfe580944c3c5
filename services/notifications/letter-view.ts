import type { Letter, LetterPreview, OperatorLetter } from '#contracts/notifications.ts';
import type { Profile } from '#contracts/profiles.ts';
import { maskAddresses } from '#platform/mask-addresses.ts';
import { timeOfUuid } from '#platform/uuid.ts';
import { type LetterFacts, renderLetter } from './letter.ts';
import type { LetterRow } from './letter-list-store.ts';
import { type Recipient, recipientOf } from './store.ts';

/**
 * A letter as the API shows it. Subject and texts are composed again from what was kept, to the
 * same bytes as they were sent.
 * @param messageIdOf the Message-ID of a letter, without its angle brackets
 */
export function letterOf(row: LetterRow, messageIdOf: (id: string) => string): Letter {
  const recipient = recipientOf(row);
  const rendered = recipient === null ? null : renderLetter(factsOf(row, recipient));
  return {
    id: row.id,
    orderId: row.order_id,
    kind: row.kind,
    state: row.state === 'committing' ? 'sending' : row.state,
    reason: row.failure,
    subject: rendered?.subject ?? null,
    text: rendered?.text ?? null,
    html: rendered?.html ?? null,
    to: recipient?.to ?? null,
    messageId: `<${messageIdOf(row.id)}>`,
    unknownOutcomes: row.unknown_outcomes,
    attempts: row.attempts.map((attempt) => ({
      number: attempt.number,
      startedAt: new Date(attempt.started_at).toISOString(),
      durationMs: attempt.duration_ms,
      contactMs: attempt.contact_ms,
      outcome: attempt.outcome,
      response: attempt.response,
      error: attempt.error,
    })),
    // The event's moment, in whose order letters are listed.
    createdAt: (timeOfUuid(row.id) ?? row.created_at).toISOString(),
    sentAt: row.sent_at?.toISOString() ?? null,
  };
}

/**
 * The letter as the operator sees it: no address may be read whole, not even where a mail server
 * repeated it or a customer wrote it as a name. The Message-ID is none.
 */
export function operatorLetterOf(
  row: LetterRow,
  messageIdOf: (id: string) => string,
): OperatorLetter {
  return { ...maskedLetterOf(row, messageIdOf), customerId: row.customer_id };
}

/** The same without whose it is. */
export function maskedLetterOf(row: LetterRow, messageIdOf: (id: string) => string): Letter {
  const letter = letterOf(row, messageIdOf);
  return {
    ...letter,
    reason: masked(letter.reason),
    subject: masked(letter.subject),
    text: masked(letter.text),
    html: masked(letter.html),
    to: masked(letter.to),
    attempts: letter.attempts.map((attempt) => ({
      ...attempt,
      response: masked(attempt.response),
      error: masked(attempt.error),
    })),
  };
}

/** What the letter would say to this contact, for the operator. */
export function previewOf(row: LetterRow, { email, name, locale }: Profile): LetterPreview {
  const { subject, text, html } = renderLetter(factsOf(row, { to: email, name, locale }));
  return {
    to: maskAddresses(email),
    locale,
    subject: maskAddresses(subject),
    text: maskAddresses(text),
    html: maskAddresses(html),
  };
}

const masked = (text: string | null) => (text === null ? null : maskAddresses(text));

function factsOf(row: LetterRow, { name, locale }: Recipient): LetterFacts {
  return {
    kind: row.kind,
    locale,
    name,
    orderId: row.order_id,
    total: { amount: Number(row.total_amount), currency: row.currency },
    reason: row.reason,
    occurredAt: row.occurred_at.toISOString(),
  };
}
