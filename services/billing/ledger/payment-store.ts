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

/** The decisions that exist for these orders. */
export async function findPayments(db: Queryable, orderIds: string[]): Promise<PaymentRow[]> {
  const { rows } = await db.query<PaymentRecord>({
    name: 'find-payments',
    text: `select ${PAYMENT_COLUMNS} from payments where order_id = any($1::uuid[])`,
    values: [orderIds],
  });
  return rows.map(paymentOf);
}

const PAYMENT_COLUMNS =
  'order_id, customer_id, amount, currency, decision, operation_id, balance_seen';

interface PaymentRecord {
  order_id: string;
  customer_id: string;
  amount: string;
  currency: string;
  decision: PaymentRow['decision'];
  operation_id: string | null;
  balance_seen: string | null;
}

function paymentOf(row: PaymentRecord): PaymentRow {
  return {
    orderId: row.order_id,
    customerId: row.customer_id,
    amount: Number(row.amount),
    currency: row.currency,
    decision: row.decision,
    operationId: row.operation_id,
    balanceSeen: row.balance_seen === null ? null : Number(row.balance_seen),
  };
}

/** The decision of an order and its time, for display only: it is read without a lock. */
export async function findDecision(
  db: Queryable,
  orderId: string,
): Promise<(PaymentRow & { decidedAt: string }) | null> {
  const { rows } = await db.query<PaymentRecord & { decided_at: Date }>({
    name: 'find-decision',
    text: `select ${PAYMENT_COLUMNS}, decided_at from payments where order_id = $1`,
    values: [orderId],
  });
  const row = rows[0];
  return row === undefined ? null : { ...paymentOf(row), decidedAt: row.decided_at.toISOString() };
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
