import { EVENT_COLUMNS, eventOf } from './letter-event.ts';
import { type LetterContent, type Recipient, recipientOf } from './letter-mail.ts';

/** A letter that this process holds the token of. */
export interface ClaimedLetter extends LetterContent {
  customerId: string;
  /** When trying began; the operator's resend sets it again. */
  tryingSince: Date;
  /** Number of this attempt, from 1. */
  attempt: number;
  /** Earlier attempts that may have arrived. */
  unknownOutcomes: number;
  /** Set when an earlier attempt may have arrived: the same letter must be sent again. */
  lockedRecipient: Recipient | null;
  /** W3C Trace Context of the event; null in letters of older versions. */
  traceparent: string | null;
  /** The state in which the last holder left it: `committing` after the marker. */
  previousState: 'queued' | 'sending' | 'committing';
}

/** How letters are claimed. */
export interface LetterClaim {
  /** The fencing token of the worker. */
  token: string;
  leaseMs: number;
}

/** The columns of `letters` that `claimedLetterOf` reads. */
export const CLAIMED_COLUMNS = `letters.id, ${EVENT_COLUMNS}, template_version, created_at,
  trying_since, attempt_count, unknown_outcomes, recipient, recipient_name, locale, details, traceparent`;

/** A claimed letter from its row. @param row also has `previous_state` */
// biome-ignore lint/suspicious/noExplicitAny: a row of the driver
export function claimedLetterOf(row: any): ClaimedLetter {
  return {
    id: row.id,
    event: eventOf(row),
    templateVersion: row.template_version,
    customerId: row.customer_id,
    createdAt: row.created_at,
    tryingSince: row.trying_since,
    attempt: row.attempt_count,
    unknownOutcomes: row.unknown_outcomes,
    lockedRecipient: row.unknown_outcomes > 0 ? recipientOf(row) : null,
    traceparent: row.traceparent,
    previousState: row.previous_state,
  };
}
