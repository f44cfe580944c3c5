import type { Letter } from '#contracts/notifications.ts';
import { timeOfUuid } from '#platform/uuid.ts';
import { type LetterFacts, renderLetter } from './letter.ts';
import { type LetterRow, type Recipient, recipientOf } from './store.ts';

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
      outcome: attempt.outcome,
      response: attempt.response,
      error: attempt.error,
    })),
    // The event's moment, in whose order letters are listed.
    createdAt: (timeOfUuid(row.id) ?? row.created_at).toISOString(),
    sentAt: row.sent_at?.toISOString() ?? null,
  };
}

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
