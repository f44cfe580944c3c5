import type { Queryable } from '#platform/postgres/database.ts';
import { givenIn } from '#platform/postgres/plan-once.ts';

/** The decision of an order, as its row stores it. */
export interface PaymentRow {
  orderId: string;
  customerId: string;
  amount: number;
  currency: string;
  decision: 'captured' | 'declined' | 'voided';
  operationId: string | null;
  /** Null where the decision was recorded again after a restore. */
  balanceSeen: number | null;
}

// Amounts are exact: CHECKs keep each below 2^53.
const PAYMENT_COLUMNS = `order_id as "orderId", customer_id as "customerId", amount::float8 as amount,
  currency, decision, operation_id as "operationId", balance_seen::float8 as "balanceSeen"`;

/** The decisions that exist for these orders. */
export async function findPayments(db: Queryable, orderIds: string[]): Promise<PaymentRow[]> {
  const { rows } = await db.query<PaymentRow>({
    name: 'find-payments',
    text: `select ${PAYMENT_COLUMNS} from payments where order_id = any(${givenIn('$1::uuid[]')})`,
    values: [orderIds],
  });
  return rows;
}

/** The decision of an order and its time, for display only: it is read without a lock. */
export async function findDecision(db: Queryable, orderId: string) {
  const { rows } = await db.query<PaymentRow & { decided_at: Date }>({
    name: 'find-decision',
    text: `select ${PAYMENT_COLUMNS}, decided_at from payments where order_id = $1`,
    values: [orderId],
  });
  return rows[0] ?? null;
}
