import type { LastStatement, Queryable } from '#platform/postgres/database.ts';
import type { PaymentRow } from './payment-store.ts';
import {
  insertOperationsFrom,
  type NumberedOperation,
  type OperationRow,
  type OperationTime,
  storedOperations,
  updateWalletsFrom,
  type WalletRow,
} from './store.ts';

/** What a decision of payments changes. */
export interface DecisionChanges {
  payments: PaymentRow[];
  operations: OperationRow[];
  /** Wallets that changed, with their new state. */
  wallets: WalletRow[];
}

const INSERT_PAYMENTS = `insert into payments
    (order_id, customer_id, amount, currency, decision, operation_id, balance_seen)
  select * from json_to_recordset($1) as new ("orderId" uuid, "customerId" text, amount bigint,
    currency text, decision text, "operationId" uuid, "balanceSeen" bigint)`;

/**
 * Writes decisions with their charges and the changed wallets, in one statement, so that COMMIT can
 * follow it at once: either all of it is committed or nothing. A second decision for an order breaks
 * the primary key (I1).
 * @returns the charges as stored
 */
export async function recordDecisions(
  tx: Queryable,
  { payments, operations, wallets }: DecisionChanges,
): Promise<NumberedOperation[]> {
  if (payments.length === 0) return [];
  const statement: LastStatement = {
    name: 'record-decisions',
    text: `with payment as (${INSERT_PAYMENTS}), wallet as (${updateWalletsFrom('$2')})
      ${insertOperationsFrom('$3')}`,
    values: [payments, wallets, operations].map((rows) => JSON.stringify(rows)),
    last: true,
  };
  const { rows } = await tx.query<OperationTime>(statement);
  return storedOperations(operations, rows);
}
