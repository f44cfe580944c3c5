import type { AuditedLetter } from '#contracts/letter-audit.ts';
import type { Queryable } from '#platform/postgres/database.ts';

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';
const AFTER_ALL = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Where a part of the letters begins and ends. */
export interface LetterBounds {
  /** Letters of later orders. */
  after?: string;
  /** Of the order `after` itself, letters above this one. */
  afterLetter?: string;
  /** The last order whose letters belong to it. */
  through?: string;
  limit: number;
}

/** Letters by order and id, within the bounds. */
export async function auditLetters(db: Queryable, bounds: LetterBounds): Promise<AuditedLetter[]> {
  const { rows } = await db.query<AuditedLetter>({
    name: 'audit-letters',
    // The first condition follows from the second; it is what the index by order understands.
    text: `select id, order_id as "orderId", customer_id as "customerId", kind, reason,
        json_build_object('amount', total_amount, 'currency', currency) as total,
        case state when 'committing' then 'sending' else state end as state,
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
  return rows;
}
