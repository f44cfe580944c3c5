import type { Money } from '#contracts/common.ts';
import type { ListedOperation } from '#contracts/wallet-lists.ts';
import type { AmountRange, TimeRange } from '#platform/http/list-range.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { firstUuidAt } from '#platform/values/uuid.ts';
import { OPERATION_COLUMNS, type OperationRecord, operationOf } from '../ledger/store.ts';

/** Filters of the list of all operations; null filters nothing. */
export interface OperationSearch extends TimeRange, AmountRange {
  customerId: string | null;
  type: ListedOperation['type'] | null;
  /** The key after which the page begins: a number where the list is of one wallet, else an id. */
  after: string | null;
}

/** An operation with its number in the history of its wallet. */
type ListedRow = ListedOperation & { number: number };

// A search for rare operations must not read all of them.
const EXAMINED_MAX = 5_000;

/**
 * Operations that match all filters, newest first: one more than `limit` where there are more. Reads
 * them by id, or by number within one wallet, `EXAMINED_MAX` at most, and checks the other filters of
 * each.
 * @returns also the key after which the next page begins if these are all; null when there are none
 *   behind them
 */
export async function searchOperations(
  db: Queryable,
  search: OperationSearch,
  limit: number,
): Promise<{ operations: ListedRow[]; last: string | null }> {
  const values: unknown[] = [];
  const wanted = checksOf(search, values);
  // Without a check every operation that is read matches.
  const max = wanted === 'true' ? limit + 1 : EXAMINED_MAX;
  const key = search.customerId === null ? 'id' : 'number';
  const { rows } = await db.query<ListedRecord & { examined: number; last: string | null }>(
    `with examined as materialized (
        select customer_id, ${OPERATION_COLUMNS}, ${wanted} as wanted from operations
        where ${rangeOf(search, values)} order by ${key} desc limit ${max}
      )
      select counted.*, found.* from (
        select count(*)::int as examined,
          (select ${key}::text from examined order by ${key} limit 1) as last from examined
      ) as counted left join (
        select * from examined where wanted order by ${key} desc limit ${limit + 1}
      ) as found on true order by ${key} desc`,
    values,
  );
  const { examined = 0, last = null } = rows[0] ?? {};
  const operations = rows.filter(({ id }) => id !== null).map(listedOf);
  return { operations, last: examined < max ? null : last };
}

/** SQL of the conditions that no index answers; appends their values. */
function checksOf(search: OperationSearch, values: unknown[]): string {
  const checks: string[] = [];
  if (search.type !== null) checks.push(`type = $${values.push(search.type)}`);
  if (search.minAmount !== null) checks.push(`abs(amount) >= $${values.push(search.minAmount)}`);
  if (search.maxAmount !== null) checks.push(`abs(amount) <= $${values.push(search.maxAmount)}`);
  // Of one wallet, the index is by number.
  if (search.customerId !== null) checks.push(...timeConditions(search, values));
  return checks.join(' and ') || 'true';
}

/** SQL of the conditions that an index answers; appends their values. */
function rangeOf(search: OperationSearch, values: unknown[]): string {
  const { customerId, after } = search;
  if (customerId === null) {
    const before = after === null ? [] : [`id < $${values.push(after)}`];
    return ['true', ...timeConditions(search, values), ...before].join(' and ');
  }
  const range = [`customer_id = $${values.push(customerId)}`];
  if (after !== null) range.push(`number < $${values.push(after)}`);
  return range.join(' and ');
}

/** By the time inside the ids. */
function timeConditions({ from, until }: TimeRange, values: unknown[]): string[] {
  const range: string[] = [];
  if (from !== null) range.push(`id >= $${values.push(firstUuidAt(from))}`);
  if (until !== null) range.push(`id < $${values.push(firstUuidAt(until))}`);
  return range;
}

type ListedRecord = OperationRecord & { customer_id: string };

function listedOf(row: ListedRecord): ListedRow {
  return { customerId: row.customer_id, ...operationOf(row) };
}

/** An operation of any wallet with the one that reverses it, if there is one. */
export async function findWithReversal(
  db: Queryable,
  id: string,
): Promise<{ operation: ListedOperation; reversal: ListedOperation | null } | null> {
  // The key of a reversal names the operation: one index answers, without one of its own.
  const { rows } = await db.query<ListedRecord>(
    `with asked as (select * from operations where id = $1)
      select customer_id, ${OPERATION_COLUMNS} from asked
      union all
      select customer_id, ${OPERATION_COLUMNS} from operations
      where customer_id = (select customer_id from asked)
        and idempotency_key = (select 'reversal/' || id from asked)`,
    [id],
  );
  // Without the number: a member that the contract lacks fits neither an operation nor null.
  const all = rows.map(listedOf).map(({ number: _, ...operation }): ListedOperation => operation);
  const operation = all.find((each) => each.id === id.toLowerCase());
  if (operation === undefined) return null;
  return { operation, reversal: all.find((each) => each !== operation) ?? null };
}

/** The balances of these customers; wallets that were never used are left out. */
export async function findBalances(
  db: Queryable,
  customerIds: string[],
): Promise<{ customerId: string; balance: Money }[]> {
  const { rows } = await db.query<Money & { customerId: string }>(
    `select customer_id as "customerId", balance::float8 as amount, currency from wallets
      where customer_id = any($1::text[])`,
    [customerIds],
  );
  return rows.map(({ customerId, ...balance }) => ({ customerId, balance }));
}
