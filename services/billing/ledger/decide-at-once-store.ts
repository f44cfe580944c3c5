import type { Queryable } from '#platform/postgres/database.ts';
import { isFew } from '#platform/postgres/plan-once.ts';
import type { DecisionResult } from './decide-payment.ts';
import { type NumberedOperation, type OperationRow, storedOperations } from './store.ts';
import { isConflict } from './transactions.ts';

/** A payment about to be decided. No two of one statement have the same order or wallet. */
export interface NewPayment {
  orderId: string;
  customerId: string;
  /** Minor units. */
  amount: number;
  currency: string;
  /** Id of the charge, if there is one. */
  operationId: string;
}

/**
 * Decides payments in one statement, where a transaction needs six. It leaves out, and does not wait
 * for, everything unusual: orders that have a decision, wallets that are missing, in use or of
 * another currency. Those need the transaction of `decidePayments`. A wallet is locked before its
 * balance is read, and a second decision of an order breaks the primary key (I1).
 * @returns what was decided, by order id
 */
export async function decideAtOnce(
  db: Queryable,
  payments: NewPayment[],
): Promise<Map<string, DecisionResult>> {
  if (payments.length === 0) return new Map();
  try {
    const { rows } = await db.query<DecidedRow>({
      name: 'decide-payments',
      text: DECIDE,
      values: [JSON.stringify(payments)],
    });
    const given = new Map(payments.map((payment) => [payment.orderId, payment]));
    return new Map(
      rows.map((row) => [row.orderId, resultOf(given.get(row.orderId) as NewPayment, row)]),
    );
  } catch (error) {
    // Nothing was decided: a concurrent decision of one of the orders, which our snapshot did not
    // show, broke a unique key.
    if (isConflict(error)) return new Map();
    throw error;
  }
}

interface DecidedRow {
  orderId: string;
  balance: number;
  number: number;
  /** Null for a declined payment. */
  created_at: Date | null;
}

function resultOf(given: NewPayment, { balance, number, created_at }: DecidedRow): DecisionResult {
  const { operationId: id, ...payment } = given;
  const { orderId, customerId, amount, currency } = payment;
  if (created_at === null) {
    return {
      payment: { ...payment, decision: 'declined', operationId: null, balanceSeen: balance },
      fresh: true,
      charge: null,
    };
  }
  const row: OperationRow = {
    id,
    customerId,
    number,
    type: 'charge',
    amount: -amount,
    currency,
    balanceAfter: balance - amount,
    orderId,
    idempotencyKey: null,
  };
  return {
    payment: { ...payment, decision: 'captured', operationId: id, balanceSeen: balance },
    fresh: true,
    charge: storedOperations([row], [{ id, created_at }])[0] as NumberedOperation,
  };
}

// The rule is that of `decide` for a wallet's first command of a batch (decide-payment.ts).
const DECIDE = `with given as materialized (
    select * from json_to_recordset($1) as t ("orderId" uuid, "customerId" text, amount bigint,
      currency text, "operationId" uuid)
    where ${isFew('"orderId"')}
  ), wallet as materialized (
    select customer_id, currency, balance, operation_count from wallets
    where customer_id = any(array(select "customerId" from given))
    order by customer_id collate "C" for update skip locked
  ), decided as materialized (
    select given.*, balance, operation_count + 1 as number, balance >= amount as captured
    from given join wallet on customer_id = "customerId" and wallet.currency = given.currency
    where not exists (select from payments where order_id = "orderId")
  ), payment as (
    insert into payments
      (order_id, customer_id, amount, currency, decision, operation_id, balance_seen)
    select "orderId", "customerId", amount, currency,
      case when captured then 'captured' else 'declined' end,
      case when captured then "operationId" end, balance
    from decided
  ), charged as (
    update wallets set balance = decided.balance - amount, operation_count = number
    from decided where captured and customer_id = "customerId"
  ), charge as (
    insert into operations
      (id, customer_id, number, type, amount, currency, balance_after, order_id)
    select "operationId", "customerId", number, 'charge', -amount, currency, balance - amount,
      "orderId"
    from decided where captured
    returning id, created_at
  )
  select "orderId", balance::float8 as balance, number::float8 as number, created_at
  from decided left join charge on id = "operationId"`;
