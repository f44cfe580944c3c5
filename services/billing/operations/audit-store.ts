import type { AuditedPayment } from '#contracts/billing.ts';
import { type Database, type Queryable, queryWithTimeout } from '#platform/postgres/database.ts';

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/** Decisions with `after` < order id ≤ `through`, with the charges that name those orders. */
export async function auditPayments(
  db: Queryable,
  { after, through, limit }: { after?: string; through?: string; limit: number },
): Promise<AuditedPayment[]> {
  const { rows } = await db.query<AuditedPayment>({
    name: 'audit-payments',
    text: `select payments.order_id as "orderId", payments.customer_id as "customerId",
        json_build_object('amount', payments.amount, 'currency', payments.currency) as amount,
        decision, operation_id as "operationId",
        case when charges.id is not null then json_build_object(
          'id', charges.id, 'customerId', charges.customer_id, 'amount', json_build_object(
            'amount', charges.amount, 'currency', charges.currency))
        end as charge,
        reversals.id as "reversalId", settlements.step as settled
      from payments
      left join operations as charges
        on charges.order_id = payments.order_id and charges.type = 'charge'
      left join operations as reversals
        on reversals.customer_id = charges.customer_id
        and reversals.idempotency_key = 'reversal/' || charges.id
      left join lateral (
        select step from repairs
        where subject = payments.order_id and step in ('acknowledge', 'write-off')
        order by step desc limit 1
      ) as settlements on true
      where payments.order_id > $1
        and payments.order_id <= coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      order by payments.order_id limit $3`,
    values: [after ?? BEFORE_ALL, through, limit],
  });
  return rows;
}

/** A wallet with the sums and the first inconsistencies of its operations. */
export interface AuditedWallet {
  customerId: string;
  balance: number;
  operationCount: number;
  /** Sum of the operations. */
  total: number;
  operations: number;
  /** The first number that does not follow the one before it. */
  gapAt: number | null;
  /** The first operation whose balance does not follow from the one before it. */
  brokenAt: number | null;
  /** An operation in another currency than the wallet's. */
  foreignAt: number | null;
  /** The first reversal that is not the opposite of the operation that it names. */
  unfoundedAt: number | null;
}

// A statement adds up about a million operations in a few seconds, so a page of busy wallets has
// fewer wallets. All operations of a wallet are in one page.
const OPERATIONS_MAX = 1_000_000;
// Ten times as long as that takes: one wallet may have more operations.
const STATEMENT_TIMEOUT_MS = 10_000;

/**
 * Wallets by customer, each with its operations added up, one snapshot.
 * @returns also whether wallets come after these
 */
export async function auditWallets(
  database: Database,
  { after, limit }: { after?: string; limit: number },
): Promise<{ wallets: AuditedWallet[]; more: boolean }> {
  const { rows } = await queryWithTimeout<AuditedWallet & { more: boolean }>(
    database,
    STATEMENT_TIMEOUT_MS,
    {
      // Compares each balance with the one before it, not with a running sum. The result is the same
      // and several times faster, since PostgreSQL sums bigint as numeric.
      text: `with candidates as materialized (
        select *, row_number() over (order by customer_id) as place,
          sum(operation_count) over (order by customer_id
            rows between unbounded preceding and 1 preceding) as operations_before
        from (
          select customer_id, currency, balance, operation_count from wallets
          where $1::text is null or customer_id > $1 order by customer_id limit $2::int + 1
        ) as following
      ), page as (
        select * from candidates
        where place <= $2 and coalesce(operations_before, 0) < $3
      )
      select page.customer_id as "customerId", balance::float8 as balance,
        operation_count::float8 as "operationCount", sums.*,
        (select count(*) from candidates) > (select count(*) from page) as more
      from page left join lateral (
        select coalesce(sum(amount), 0)::float8 as total, count(*)::float8 as operations,
          min(number) filter (where number <> place)::float8 as "gapAt",
          min(number) filter (where balance_after <> balance_before + amount)::float8 as "brokenAt",
          min(number) filter (where currency <> page.currency)::float8 as "foreignAt",
          min(number) filter (where unfounded)::float8 as "unfoundedAt"
        from (
          select number, amount, currency, balance_after,
            row_number() over history as place,
            lag(balance_after, 1, 0::bigint) over history as balance_before,
            case when type = 'reversal' then not exists (
              select from operations as reversed
              where reversed.id = operations.reverses_operation_id
                and reversed.customer_id = operations.customer_id
                and reversed.amount = -operations.amount
                and reversed.currency = operations.currency and reversed.type <> 'reversal'
            ) end as unfounded
          from operations where customer_id = page.customer_id
          window history as (order by number)
        ) as chain
      ) as sums on true
      order by page.customer_id`,
      values: [after, limit, OPERATIONS_MAX],
    },
  );
  return { wallets: rows, more: rows[0]?.more ?? false };
}
