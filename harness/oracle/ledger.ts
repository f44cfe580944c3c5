/**
 * SQL that lists every contradiction in billing's ledger; no rows when invariant I4
 * holds: balance = Σ operations, numbers without gaps, the chain of balances, one charge exactly
 * for each captured decision, one currency in each wallet, and reversals that undo one operation.
 */
export const LEDGER_VIOLATIONS = `
  select 'wallet' as fault, wallets.customer_id as place
  from wallets left join (
    select customer_id, sum(amount) as total, count(*) as operations, max(number) as last
    from operations group by customer_id
  ) as sums on sums.customer_id = wallets.customer_id
  where balance <> coalesce(total, 0) or operation_count <> coalesce(operations, 0)
    or coalesce(last, 0) <> coalesce(operations, 0)
  union all
  select 'currency', operations.customer_id || ' operation ' || number
  from operations join wallets using (customer_id)
  where operations.currency <> wallets.currency
  union all
  select 'reversal', reversal.id::text
  from operations as reversal
    left join operations as reversed on reversed.id = reversal.reverses_operation_id
  where (reversal.type = 'reversal' or reversal.reverses_operation_id is not null)
    and (reversal.type <> 'reversal' or reversed.type not in ('top_up', 'charge')
      or reversed.customer_id is distinct from reversal.customer_id
      or reversed.amount is distinct from -reversal.amount
      or (select count(*) from operations as twin
        where twin.reverses_operation_id = reversed.id) <> 1)
  union all
  select 'chain', customer_id || ' operation ' || number
  from (
    select customer_id, number, balance_after,
      sum(amount) over (partition by customer_id order by number) as running
    from operations
  ) as chain
  where balance_after <> running
  union all
  select 'decision', coalesce(payments.order_id::text, operations.id::text)
  from payments full join operations on operations.id = payments.operation_id
  where (decision = 'captured' or type = 'charge')
    and (payments.order_id is distinct from operations.order_id
      or payments.customer_id is distinct from operations.customer_id
      or payments.amount is distinct from -operations.amount)`;
