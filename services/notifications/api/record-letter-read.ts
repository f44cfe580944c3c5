import { recordRead } from '#platform/postgres/audit-trail.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import type { LetterRow } from './letter-list-store.ts';

/** Records that an operator reads a letter: its text has the customer's name. */
export function recordLetterRead(
  db: Queryable,
  actor: string | null,
  { id: letterId, order_id: orderId, customer_id: customerId }: LetterRow,
): Promise<void> {
  const subject = { letterId, orderId, customerId };
  return recordRead(db, { actor, action: 'read-letter', subject });
}
