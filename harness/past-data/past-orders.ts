import { queryRows } from '../database.ts';

/** Orders of the past that are written by SQL: number 0 to `count` - 1, each of 100 and Paid. */
export interface Past {
  count: number;
  /** Their customers, in turn; all of them have wallets. */
  customerIds: string[];
  /** As an interval; a day when absent. */
  age?: string;
}

/** Every tenth past order belongs to the first customer, so that its lists have deep pages. */
const HEAVY_EVERY = 10;

/** Orders up to this id, and events too, are past ones. */
export const LAST_PAST_ID = '01980000-0000-7000-8000-000000000000';

export const PAST_PAYLOAD = `json_build_object(
  'orderId', order_id, 'customerId', customer_id, 'version', 2, 'previousStatus', 'Pending',
  'status', 'Paid', 'total', json_build_object('amount', 100, 'currency', 'RUB'),
  'paymentOperationId', operation_id, 'reason', null, 'occurredAt', '2025-01-01T00:00:00.000Z')`;

/**
 * SQL of the past orders as rows: n, order_id, operation_id, event_id, customer_id, partition and
 * "offset", where $1 are the customers.
 */
export function pastRows({ count }: Past): string {
  // Ids of the year 2025, in the order of time as those of live orders are.
  const id = (kind: string) =>
    `('01970000-0000-7000-${kind}000-' || lpad(to_hex(n), 12, '0'))::uuid`;
  return `(
    select n, ${id('8')} as order_id, ${id('9')} as operation_id, ${id('a')} as event_id,
      case when n % ${HEAVY_EVERY} = 0 then ($1::text[])[1]
        else ($1::text[])[1 + n % cardinality($1::text[])] end as customer_id,
      n % ${PARTITIONS} as partition,
      -- Below every offset of a message, so that no consumer reads them.
      -1 - n / ${PARTITIONS} as "offset"
    from generate_series(0, ${count - 1}) as n) as past`;
}

/** The default number of a topic's partitions. */
const PARTITIONS = 6;

/** Wallets for customers who have none, with money for any number of orders. */
export async function insertWallets(url: string, customerIds: string[]): Promise<void> {
  await queryRows(
    url,
    `with wallet as (
       insert into wallets (customer_id, currency, balance, operation_count)
       select customer_id, 'RUB', 1000000000000, 1 from unnest($1::text[]) as given (customer_id)
       returning customer_id)
     insert into operations
       (id, customer_id, number, type, amount, currency, balance_after, idempotency_key)
     select gen_random_uuid(), customer_id, 1, 'top_up', 1000000000000, 'RUB', 1000000000000, 'past'
     from wallet`,
    [customerIds],
  );
}

/** The past orders in the database of orders. */
export async function insertOrders(url: string, past: Past): Promise<void> {
  const at = `now() - interval '${past.age ?? '1 day'}'`;
  await queryRows(
    url,
    `insert into orders (id, customer_id, idempotency_key, request_hash, status, items,
       total_amount, currency, payment_operation_id, event_id, version, created_at, updated_at)
     select order_id, customer_id, 'past-' || n, sha256(n::text::bytea), 'Paid',
       '[{"name": "Книга", "quantity": 1, "unitPrice": {"amount": 100, "currency": "RUB"}}]',
       100, 'RUB', operation_id, event_id, 2, ${at}, ${at}
     from ${pastRows(past)}`,
    [past.customerIds],
  );
}

/** Their decisions and charges, after what the wallets' owners did before. */
export async function insertPayments(url: string, past: Past): Promise<void> {
  await queryRows(
    url,
    `with charge as materialized (
       select past.*, operation_count + place as number, balance - 100 * place as balance_after
       from (
         select *, row_number() over (partition by customer_id order by n) as place
         from ${pastRows(past)}) as past
       join wallets using (customer_id)
     ), decision as (
       insert into payments (order_id, customer_id, amount, currency, decision, operation_id,
         balance_seen, decided_at)
       select order_id, customer_id, 100, 'RUB', 'captured', operation_id, balance_after + 100,
         now() - interval '1 day'
       from charge
     ), entry as (
       insert into operations (id, customer_id, number, type, amount, currency, balance_after,
         order_id, created_at)
       select operation_id, customer_id, number, 'charge', -100, 'RUB', balance_after, order_id,
         now() - interval '1 day'
       from charge)
     update wallets set balance = balance - 100 * charges,
       operation_count = operation_count + charges
     from (select customer_id, count(*) as charges from charge group by customer_id) as sums
     where wallets.customer_id = sums.customer_id`,
    [past.customerIds],
  );
}
