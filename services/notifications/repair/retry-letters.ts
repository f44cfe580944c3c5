import { type AuditEntry, recordAudits } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { ChangedLetter } from './acknowledgement-store.ts';
import { queueFailedAgain } from './resend-store.ts';

export const RESENT = { before: { state: 'failed' }, after: { state: 'queued' } } as const;

/** One entry of the audit trail for each letter, so that it is found by the letter and its order. */
export function entriesOf(
  letters: ChangedLetter[],
  entry: Omit<AuditEntry, 'subject'>,
): AuditEntry[] {
  return letters.map(({ id: letterId, order_id: orderId, customer_id: customerId }) => ({
    ...entry,
    subject: { letterId, orderId, customerId },
  }));
}

/**
 * Sends those of the letters that failed again, because their customer changed the address.
 * @returns how many became due
 */
export function retryLetters(database: Database, ids: string[]): Promise<number> {
  return database.transaction(async (tx) => {
    const letters = await queueFailedAgain(tx, ids);
    // The customer acts, so no operator is named.
    const entry = { ...RESENT, actor: null, action: 'retry-letters' };
    await recordAudits(tx, entriesOf(letters, entry));
    return letters.length;
  });
}
