import type { AuditedLetter } from '#contracts/letter-audit.ts';
import type { Queryable } from '#platform/postgres/database.ts';

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';
const AFTER_ALL = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Where a part of the letters begins and ends. */
export interface LetterBounds {
  /** Letters of later orders. */
  after: string | null;
  /** Of the order `after` itself, letters above this one. */
  afterLetter: string | null;
  /** The last order whose letters belong to it. */
  through: string | null;
  limit: number;
}

/** Letters by order and id, within the bounds. */
export async function auditLetters(db: Queryable, bounds: LetterBounds): Promise<AuditedLetter[]> {
  const { rows } = await db.query({
    name: 'audit-letters',
    // The first condition follows from the second; it is what the index by order understands.
    text: `select id, order_id, customer_id, kind, reason, total_amount, currency, state,
        exists (select from repairs where subject = letters.id) as acknowledged
      from letters
      where order_id >= $1 and (order_id, id) > ($1, $2) and order_id <= $3
      order by order_id, id limit $4`,
    values: [
      bounds.after ?? BEFORE_ALL,
      bounds.afterLetter ?? AFTER_ALL,
      bounds.through ?? AFTER_ALL,
      bounds.limit,
    ],
  });
  return rows.map((row) => ({
    id: row.id,
    orderId: row.order_id,
    customerId: row.customer_id,
    kind: row.kind,
    reason: row.reason,
    total: { amount: Number(row.total_amount), currency: row.currency },
    state: row.state === 'committing' ? 'sending' : row.state,
    acknowledged: row.acknowledged,
  }));
}
