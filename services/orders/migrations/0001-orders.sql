create table orders (
  id uuid primary key,
  customer_id text not null,
  -- The order row is the idempotency record: no expiry while the order exists.
  idempotency_key text not null,
  request_hash bytea not null,
  status text not null check (status in ('Pending', 'Paid', 'Cancelled')),
  status_reason text check (status_reason in ('insufficient-funds', 'voided')),
  items jsonb not null,
  total_amount bigint not null check (total_amount between 1 and 1000000000000000),
  currency text not null,
  payment_operation_id uuid,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- Recovery: who tries lets the others know until when; least recently tried first.
  recovery_tried_at timestamptz,
  recovery_leased_until timestamptz,
  unique (customer_id, idempotency_key),
  -- Invariant I2, the part that one database can keep.
  check ((status = 'Paid') = (payment_operation_id is not null)),
  check ((status = 'Cancelled') = (status_reason is not null))
);

-- Ids are UUIDv7: their order is the order of creation, so lists page by id.
create index orders_by_customer on orders (customer_id, id desc);
create index orders_by_customer_and_status on orders (customer_id, status, id desc);
create index orders_pending on orders (recovery_tried_at nulls first, created_at) where status = 'Pending';

-- Columns id … payload as Debezium's outbox event router expects them, so that it can replace
-- our relay (docs/reference/events.md).
create table outbox (
  id uuid primary key,
  aggregatetype text not null,
  aggregateid text not null,
  type text not null,
  payload json not null,
  traceparent text,
  -- Order within one aggregate; never used as a cursor, since it is not the order of commits.
  sequence bigint generated always as identity,
  created_at timestamptz not null default now(),
  leased_until timestamptz,
  attempts integer not null default 0,
  published_at timestamptz,
  topic_id text,
  partition integer,
  "offset" bigint
);

create index outbox_unpublished on outbox (sequence) where published_at is null;
create index outbox_unpublished_by_aggregate on outbox (aggregateid, sequence) where published_at is null;
create index outbox_published on outbox (published_at) where published_at is not null;
