create table wallets (
  customer_id text primary key,
  currency text not null,
  -- Invariant I4. Below 2^53, so that it is exact in a double.
  balance bigint not null default 0 check (balance between 0 and 9000000000000000),
  -- Number of the wallet's last operation: operations are numbered without gaps.
  operation_count bigint not null default 0
);

-- The payment decision of an order: written once, never changed, never deleted. Invariant I1.
create table payments (
  order_id uuid primary key,
  customer_id text not null,
  amount bigint not null check (amount between 1 and 1000000000000000),
  currency text not null,
  decision text not null check (decision in ('captured', 'declined', 'voided')),
  operation_id uuid unique,
  -- The balance that the decision saw; a replayed refusal tells it again.
  balance_seen bigint not null,
  decided_at timestamptz not null default now(),
  check ((decision = 'captured') = (operation_id is not null))
);

create table operations (
  id uuid primary key,
  customer_id text not null references wallets,
  number bigint not null,
  type text not null check (type in ('top_up', 'charge')),
  amount bigint not null check ((type = 'charge') = (amount < 0) and amount <> 0),
  currency text not null,
  balance_after bigint not null check (balance_after >= 0),
  order_id uuid unique references payments,
  idempotency_key text,
  -- Not the transaction's beginning: who waited for the wallet's lock would be dated before
  -- whom it waited for.
  created_at timestamptz not null default clock_timestamp(),
  unique (customer_id, number),
  unique (customer_id, idempotency_key),
  check ((type = 'charge') = (order_id is not null)),
  check ((type = 'top_up') = (idempotency_key is not null))
);
