import { queryRows } from '../database.ts';

/**
 * Writes paid orders with their charges and letters straight into the databases, as they are some
 * time after their events were deleted: customers `past-0` … `past-9` in turn.
 */
export async function insertPastOrders(
  databaseUrl: (name: string) => string,
  count: number,
): Promise<void> {
  // Ids of the year 2025, which no test's own orders come between.
  const id = (kind: string) =>
    `('01970000-0000-7000-${kind}000-' || lpad(to_hex(n), 12, '0'))::uuid`;
  const orders = `generate_series(1, ${count}) as n`;
  await queryRows(
    databaseUrl('orders'),
    `insert into orders (id, customer_id, idempotency_key, request_hash, status, items,
        total_amount, currency, payment_operation_id, event_id, version, created_at, updated_at)
      select ${id('8')}, 'past-' || n % 10, n::text, '', 'Paid', '[]', 100, 'RUB', ${id('9')},
        ${id('a')}, 2, now() - interval '9 days', now() - interval '9 days'
      from ${orders}`,
  );
  await queryRows(
    databaseUrl('notifications'),
    `insert into letters (id, order_id, customer_id, kind, total_amount, currency, occurred_at,
        template_version, recipient, state, partition, "offset")
      select ${id('a')}, ${id('8')}, 'past-' || n % 10, 'happiness', 100, 'RUB',
        now() - interval '9 days', 1, 'past@example.com', 'sent', 0, n
      from ${orders}`,
  );
  const each = Math.ceil(count / 10);
  const number = '(n - 1) / 10 + 2';
  await queryRows(
    databaseUrl('billing'),
    `with past as (select n from ${orders}),
      used as (select n % 10 as k, count(*) as charges from past group by n % 10),
      wallet as (
        insert into wallets (customer_id, currency, balance, operation_count)
        select 'past-' || k, 'RUB', (${each} - charges) * 100, charges + 1 from used
        returning 1
      ), decision as (
        insert into payments (order_id, customer_id, amount, currency, decision, operation_id,
          balance_seen)
        select ${id('8')}, 'past-' || n % 10, 100, 'RUB', 'captured', ${id('9')}, 100 from past
        returning 1
      )
      insert into operations (id, customer_id, number, type, amount, currency, balance_after,
        order_id, idempotency_key)
      select gen_random_uuid(), 'past-' || k, 1, 'top_up', ${each} * 100, 'RUB', ${each} * 100,
        null, 'first' from used
      union all
      select ${id('9')}, 'past-' || n % 10, ${number}, 'charge', -100, 'RUB',
        (${each} - (${number} - 1)) * 100, ${id('8')}, null from past`,
  );
}
