import type { OperatorOperation } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { givenIn } from '#platform/postgres/plan-once.ts';

export interface WalletRow {
  customerId: string;
  /** The wallet's own: the setting CURRENCY is for new wallets only. */
  currency: string;
  balance: number;
  operationCount: number;
}

/** An operation to be stored. */
export interface OperationRow {
  id: string;
  customerId: string;
  /** Position in the wallet's history, from 1, without gaps. */
  number: number;
  type: 'top_up' | 'charge';
  amount: number;
  currency: string;
  balanceAfter: number;
  orderId: string | null;
  idempotencyKey: string | null;
}

export const OPERATION_COLUMNS = `id, type, amount, currency, balance_after, order_id, number, created_at,
  reverses_operation_id, reason, made_by`;

/** An operation with its number in the wallet's history. */
export type NumberedOperation = OperatorOperation & { number: number };

/** The balance that an operation found. */
export function balanceBefore({ balanceAfter, amount }: NumberedOperation): Money {
  return { ...balanceAfter, amount: balanceAfter.amount - amount.amount };
}

/** A reversal to be stored. Its key contains the id of the operation that it undoes. */
export interface ReversalRow extends Omit<OperationRow, 'type' | 'orderId'> {
  idempotencyKey: string;
  reversesOperationId: string;
  reason: string;
  madeBy: string;
}

/**
 * Creates missing wallets and locks all of them, always in the order of their ids, so that no two
 * transactions wait for each other.
 * @param currency of new wallets
 */
export async function lockWallets(
  tx: Queryable,
  customerIds: string[],
  currency: string,
): Promise<Map<string, WalletRow>> {
  const sorted = [...new Set(customerIds)].sort();
  const ensured = tx.query({
    name: 'ensure-wallets',
    text: `insert into wallets (customer_id, currency)
      select customer_id, $2 from unnest($1::text[]) as t (customer_id)
      order by customer_id collate "C" on conflict do nothing`,
    values: [sorted, currency],
  });
  const locked = tx.query<WalletRow>({
    name: 'lock-wallets',
    text: `select customer_id as "customerId", currency, balance::float8 as balance,
        operation_count::float8 as "operationCount"
      from wallets
      where customer_id = any(${givenIn('$1::text[]')})
      order by customer_id collate "C" for update`,
    values: [sorted],
  });
  // Sent together: the second statement sees the wallets that the first one created.
  const [, { rows }] = await Promise.all([ensured, locked]);
  return new Map(rows.map((row) => [row.customerId, row]));
}

/**
 * SQL that inserts operations and returns their times.
 * @param rows SQL of a JSON array of OperationRow
 */
export const insertOperationsFrom = (rows: string) => `insert into operations
    (id, customer_id, number, type, amount, currency, balance_after, order_id, idempotency_key)
  select * from json_to_recordset(${rows}) as new (id uuid, "customerId" text, number bigint,
    type text, amount bigint, currency text, "balanceAfter" bigint, "orderId" uuid,
    "idempotencyKey" text)
  returning id, created_at`;

/** @returns the operations as stored */
export async function insertOperations(
  tx: Queryable,
  operations: OperationRow[],
): Promise<NumberedOperation[]> {
  if (operations.length === 0) return [];
  const { rows } = await tx.query<OperationTime>({
    name: 'insert-operations',
    text: insertOperationsFrom('$1'),
    values: [JSON.stringify(operations)],
  });
  return storedOperations(operations, rows);
}

/** A row that `insertOperationsFrom` returns. */
export type OperationTime = Pick<OperationRecord, 'id' | 'created_at'>;

/** The stored operations, made without reading the rows: only their times come from the database. */
export function storedOperations(
  operations: OperationRow[],
  times: OperationTime[],
): NumberedOperation[] {
  const createdAt = new Map(times.map((row) => [row.id, row.created_at.toISOString()]));
  return operations.map(({ customerId: _, idempotencyKey: __, currency, ...operation }) => ({
    ...operation,
    amount: { amount: operation.amount, currency },
    balanceAfter: { amount: operation.balanceAfter, currency },
    createdAt: createdAt.get(operation.id) as string,
  }));
}

/** Stores a reversal. A second one of the same operation breaks the unique key. */
export async function insertReversal(
  tx: Queryable,
  reversal: ReversalRow,
): Promise<NumberedOperation> {
  const { rows } = await tx.query({
    name: 'insert-reversal',
    text: `insert into operations
        (id, customer_id, number, type, amount, currency, balance_after, idempotency_key,
          reverses_operation_id, reason, made_by)
      values ($1, $2, $3, 'reversal', $4, $5, $6, $7, $8, $9, $10)
      returning ${OPERATION_COLUMNS}`,
    values: [
      reversal.id,
      reversal.customerId,
      reversal.number,
      reversal.amount,
      reversal.currency,
      reversal.balanceAfter,
      reversal.idempotencyKey,
      reversal.reversesOperationId,
      reversal.reason,
      reversal.madeBy,
    ],
  });
  return operationOf(rows[0]);
}

/**
 * SQL that writes changed wallets. Its last condition is always true, and makes the planner expect
 * few rows, which it looks up by their index (decision 14).
 * @param rows SQL of a JSON array of WalletRow
 */
export const updateWalletsFrom = (rows: string) => `update wallets
  set balance = new.balance, operation_count = new."operationCount"
  from json_to_recordset(${rows})
    as new ("customerId" text, balance bigint, "operationCount" bigint)
  where wallets.customer_id = new."customerId"
    and new."operationCount" between 0 and 9223372036854775807`;

/** Writes each changed wallet once. The caller holds their locks. */
export async function updateWallets(tx: Queryable, wallets: WalletRow[]): Promise<void> {
  if (wallets.length === 0) return;
  await tx.query({
    name: 'update-wallets',
    text: updateWalletsFrom('$1'),
    values: [JSON.stringify(wallets)],
  });
}

/** The balance in the wallet's own currency; null for a wallet that was never used. */
export async function findBalance(db: Queryable, customerId: string): Promise<Money | null> {
  const { rows } = await db.query<Money>({
    name: 'find-balance',
    text: 'select balance::float8 as amount, currency from wallets where customer_id = $1',
    values: [customerId],
  });
  return rows[0] ?? null;
}

export async function findOperation(db: Queryable, id: string): Promise<NumberedOperation | null> {
  const { rows } = await db.query({
    name: 'find-operation',
    text: `select ${OPERATION_COLUMNS} from operations where id = $1`,
    values: [id],
  });
  return rows[0] === undefined ? null : operationOf(rows[0]);
}

/** An operation of this customer's wallet, null also for one of another wallet. */
export async function findOwnOperation(
  db: Queryable,
  customerId: string,
  id: string,
): Promise<NumberedOperation | null> {
  const { rows } = await db.query({
    name: 'find-own-operation',
    text: `select ${OPERATION_COLUMNS} from operations where id = $2 and customer_id = $1`,
    values: [customerId, id],
  });
  return rows[0] === undefined ? null : operationOf(rows[0]);
}

/** The top-up or reversal that a key of this wallet names. */
export async function findOperationByKey(
  db: Queryable,
  customerId: string,
  idempotencyKey: string,
): Promise<NumberedOperation | null> {
  const { rows } = await db.query({
    name: 'find-operation-by-key',
    text: `select ${OPERATION_COLUMNS} from operations
      where customer_id = $1 and idempotency_key = $2`,
    values: [customerId, idempotencyKey],
  });
  return rows[0] === undefined ? null : operationOf(rows[0]);
}

/** A wallet's operations, newest first, one more than `limit` where there are more. */
export async function listOperations(
  db: Queryable,
  query: { customerId: string; before: number | null; limit: number },
): Promise<NumberedOperation[]> {
  const { rows } = await db.query({
    name: 'list-operations',
    text: `select ${OPERATION_COLUMNS} from operations
      where customer_id = $1 and number < coalesce($2::bigint, 9223372036854775807)
      order by number desc limit $3`,
    values: [query.customerId, query.before, query.limit + 1],
  });
  return rows.map(operationOf);
}

/** A row of `OPERATION_COLUMNS`. */
export interface OperationRecord {
  id: string;
  type: NumberedOperation['type'];
  amount: string;
  currency: string;
  balance_after: string;
  order_id: string | null;
  number: string;
  created_at: Date;
  reverses_operation_id: string | null;
  reason: string | null;
  made_by: string | null;
}

/** @returns the operation that a row of `OPERATION_COLUMNS` is */
export function operationOf(row: OperationRecord): NumberedOperation {
  return {
    id: row.id,
    type: row.type,
    // Exact: CHECKs keep every amount below 2^53.
    amount: { amount: Number(row.amount), currency: row.currency },
    balanceAfter: { amount: Number(row.balance_after), currency: row.currency },
    orderId: row.order_id,
    number: Number(row.number),
    createdAt: row.created_at.toISOString(),
    // Absent, not null: top-ups and charges keep the members that clients know.
    ...(row.reverses_operation_id !== null && {
      reversesOperationId: row.reverses_operation_id,
      reason: row.reason as string,
      madeBy: row.made_by as string,
    }),
  };
}
