create table letters (
  -- Id of the event (outbox row) that asked for the letter: the inbox key. Invariant I6.
  id uuid primary key,
  order_id uuid not null,
  customer_id text not null,
  kind text not null check (kind in ('happiness', 'grief')),
  -- What the letter tells; with recipient, name, locale and template_version it is composed again
  -- to the same bytes, so the texts themselves are not stored.
  total_amount bigint not null,
  currency text not null,
  reason text,
  occurred_at timestamptz not null,
  template_version integer not null,
  -- Set with the marker, before the first final dot; a re-send after an unknown outcome keeps them.
  recipient text,
  recipient_name text,
  locale text,
  state text not null default 'queued'
    check (state in ('queued', 'sending', 'committing', 'sent', 'failed')),
  -- Fence: only the holder of the token may move a letter that is being sent.
  token uuid,
  -- When somebody may take it: the next try of a queued letter, the lease's end of one being sent.
  due_at timestamptz not null default now(),
  attempt_count integer not null default 0,
  unknown_outcomes integer not null default 0,
  failure text,
  smtp_response text,
  sent_at timestamptz,
  partition integer not null,
  "offset" bigint not null,
  traceparent text,
  created_at timestamptz not null default now(),
  check (state not in ('committing', 'sent') or recipient is not null)
);

create index letters_due on letters (due_at) where state in ('queued', 'sending', 'committing');
create index letters_by_customer on letters (customer_id, id desc);
create index letters_by_order on letters (order_id);
create index letters_failed on letters (id desc) where state = 'failed';

create table letter_attempts (
  letter_id uuid not null references letters,
  number integer not null,
  started_at timestamptz not null,
  duration_ms integer not null,
  outcome text not null check (outcome in ('sent', 'transient', 'permanent', 'unknown')),
  response text,
  error text,
  primary key (letter_id, number)
);

-- Messages that can never become a letter, kept whole for the operator.
create table dead_letters (
  id uuid primary key,
  topic text not null,
  partition integer not null,
  "offset" bigint not null,
  key bytea,
  value bytea,
  -- Array of [name, base64 value].
  headers json not null,
  -- Tells a redelivery from another message at the same place of a topic that was made anew.
  digest bytea not null,
  error text not null,
  created_at timestamptz not null default now(),
  unique (topic, partition, "offset", digest)
);
