import type { OrderRecovery, PendingOrder } from '#contracts/order-operations.ts';
import type { Order } from '#contracts/orders.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { type OrderPage, orderPageOf, orderPageQuery } from './list-store.ts';
import { ORDER_COLUMNS, type OrderRow, orderOf } from './store.ts';

const CLAIM_ORDER = 'recovery_tried_at nulls first, created_at';
// The items of the largest order take 170 KB: a claim of a hundred of them would be 17 MB.
const CLAIM_BYTES_MAX = 4 * 1024 * 1024;
const CLAIMABLE = `select id, items, recovery_tried_at, created_at from orders
  where status = 'Pending' and created_at < now() - $1 * interval '1 millisecond'
    and coalesce(recovery_leased_until, '-infinity') < now()
  order by ${CLAIM_ORDER} limit $3 for update skip locked`;

/**
 * Leases Pending orders for recovery, as many as fit one answer. The lease only avoids duplicate
 * work: recovering an order twice is harmless.
 */
export async function claimPending(
  db: Queryable,
  claim: { olderThanMs: number; leaseMs: number; limit: number },
): Promise<Order[]> {
  const { rows } = await db.query<OrderRow>(
    `update orders set recovery_tried_at = now(), recovery_attempts = recovery_attempts + 1,
        recovery_leased_until = now() + $2 * interval '1 millisecond'
      where id in (
        select id from (
          select id, coalesce(sum(octet_length(items::text)) over (
              order by ${CLAIM_ORDER} rows between unbounded preceding and 1 preceding), 0)
            as bytes_before
          from (${CLAIMABLE}) as claimable
        ) as sized
        where bytes_before < ${CLAIM_BYTES_MAX})
      returning ${ORDER_COLUMNS}`,
    [claim.olderThanMs, claim.leaseMs, claim.limit],
  );
  return rows.map(orderOf);
}

/** Keeps why recovery could not end an order. @returns null when it is not Pending any more */
export async function noteRecoveryFailure(
  db: Queryable,
  id: string,
  error: string,
): Promise<Order | null> {
  const { rows } = await db.query<OrderRow>(
    `update orders set recovery_error = $2 where id = $1 and status = 'Pending'
      returning ${ORDER_COLUMNS}`,
    [id, error],
  );
  return rows[0] === undefined ? null : orderOf(rows[0]);
}

/** A row of `RECOVERY_COLUMNS`. */
export interface RecoveryRow {
  recovery_attempts: number;
  recovery_tried_at: Date | null;
  recovery_error: string | null;
}

export const RECOVERY_COLUMNS = 'recovery_attempts, recovery_tried_at, recovery_error';

interface PendingRow extends OrderRow, RecoveryRow {
  age_ms: string;
  found: number;
}

// With `offset 0` the planner finds the few Pending orders by their own index. Otherwise it may scan
// all orders by id.
const PENDING_IDS = `select id from (
    select id from orders
    where status = 'Pending' and created_at <= now() - $1 * interval '1 millisecond' offset 0
  ) as pending
  where $2::uuid is null or id < $2 order by id desc limit $3`;
const PENDING_COLUMNS = `${ORDER_COLUMNS}, ${RECOVERY_COLUMNS},
  greatest(0, floor(extract(epoch from now() - created_at) * 1000)) as age_ms`;

/** Orders that have not ended, newest first, as many as fit one page. */
export async function listPending(
  db: Queryable,
  query: { minAgeMs: number; before: string | null; limit: number },
): Promise<OrderPage<PendingOrder>> {
  const { rows } = await db.query<PendingRow>(orderPageQuery(PENDING_IDS, PENDING_COLUMNS), [
    query.minAgeMs,
    query.before,
    query.limit + 1,
  ]);
  return orderPageOf(rows, query.limit, (row) => ({
    ...orderOf(row),
    ageMs: Number(row.age_ms),
    recovery: recoveryOf(row),
  }));
}

/** The recovery attempts that a row records. */
export function recoveryOf(row: RecoveryRow): OrderRecovery {
  return {
    attempts: row.recovery_attempts,
    triedAt: row.recovery_tried_at?.toISOString() ?? null,
    error: row.recovery_error,
  };
}
