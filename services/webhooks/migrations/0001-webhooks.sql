create table endpoints (
  id uuid primary key,
  url text not null,
  description text not null,
  -- Only orders that end in one of these become deliveries.
  statuses text[] not null,
  state text not null default 'enabled' check (state in ('enabled', 'disabled')),
  disabled_reason text check (disabled_reason in ('operator', 'gone')),
  -- Encrypted by WEBHOOKS_SECRET.
  secret text not null,
  previous_secret text,
  previous_until timestamptz,
  created_at timestamptz not null default now(),
  -- A removed endpoint is invisible. Its deliveries may be many, and are deleted in parts.
  removed_at timestamptz,
  check ((state = 'disabled') = (disabled_reason is not null))
);

create table events (
  -- CloudEvents id of the order update, which is the header webhook-id too.
  id uuid primary key,
  type text not null,
  order_id uuid,
  -- Null for a test, which belongs to one endpoint only.
  status text,
  -- The body, byte for byte the same in each repeat.
  body text not null,
  received_at timestamptz not null default now()
);

-- Each ended order is stored here, also where nobody wants webhooks: no index but these two.
create index events_received on events (received_at, id);

create table deliveries (
  id uuid primary key,
  endpoint_id uuid not null references endpoints,
  event_id uuid not null references events,
  -- Null for a test.
  order_id uuid,
  state text not null default 'queued'
    check (state in ('queued', 'delivering', 'delivered', 'dead')),
  -- Fence: only the claim with this token may record the outcome.
  token uuid,
  -- When a worker may take it: the next try of a queued one, the end of the lease of a claimed one.
  due_at timestamptz not null default now(),
  claimed_at timestamptz,
  -- Attempts since it was queued last, and the number of the latest attempt of all.
  attempt_count integer not null default 0,
  attempt_number integer not null default 0,
  reason text,
  created_at timestamptz not null default now(),
  queued_at timestamptz not null default now(),
  ended_at timestamptz,
  -- One event for one endpoint is one delivery, however often the event is read.
  unique (event_id, endpoint_id)
);

create index deliveries_due on deliveries (endpoint_id, due_at)
  where state in ('queued', 'delivering');
create index deliveries_by_endpoint on deliveries (endpoint_id, id desc);
create index deliveries_by_state on deliveries (state, id desc);
create index deliveries_by_order on deliveries (order_id);
create index deliveries_queued on deliveries (queued_at);
create index deliveries_dead on deliveries (ended_at) where state = 'dead';

create table attempts (
  delivery_id uuid not null references deliveries on delete cascade,
  number integer not null,
  started_at timestamptz not null,
  duration_ms integer not null,
  -- HTTP status; null where no answer came.
  status integer,
  -- Null for an attempt that succeeded.
  error text,
  primary key (delivery_id, number)
);
