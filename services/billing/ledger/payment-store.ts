import type { Queryable } from '#platform/postgres/database.ts';

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
    text: `select ${PAYMENT_COLUMNS} from payments where order_id = any($1::uuid[])`,
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

/** Writes decisions for ever. A second decision for an order breaks the primary key (I1). */
export async function insertPayments(tx: Queryable, payments: PaymentRow[]): Promise<void> {
  if (payments.length === 0) return;
  await tx.query({
    name: 'insert-payments',
    text: `insert into payments
        (order_id, customer_id, amount, currency, decision, operation_id, balance_seen)
      select * from unnest
        ($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::uuid[], $7::bigint[])`,
    values: [
      payments.map((payment) => payment.orderId),
      payments.map((payment) => payment.customerId),
      payments.map((payment) => payment.amount),
      payments.map((payment) => payment.currency),
      payments.map((payment) => payment.decision),
      payments.map((payment) => payment.operationId),
      payments.map((payment) => payment.balanceSeen),
    ],
  });
}
