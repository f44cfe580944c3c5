-- Messages that a consumer cannot store, kept whole for the operator. `if not exists`: the database
-- of notifications has had the same table since its first migration.
create table if not exists dead_letters (
  id uuid primary key,
  topic text not null,
  partition integer not null,
  "offset" bigint not null,
  key bytea,
  value bytea,
  -- Array of [name, base64 value].
  headers json not null,
  -- Separates a redelivery from another message at the same position of a recreated topic.
  digest bytea not null,
  error text not null,
  created_at timestamptz not null default now(),
  redrives integer not null default 0,
  redrive_tried_at timestamptz,
  redriven_at timestamptz,
  unique (topic, partition, "offset", digest)
);

-- The redrive of many takes the least recently tried first.
create index if not exists dead_letters_due on dead_letters (redrive_tried_at nulls first, id)
  where redriven_at is null;
create index if not exists dead_letters_dead on dead_letters (id desc) where redriven_at is null;
create index if not exists dead_letters_redriven on dead_letters (id desc)
  where redriven_at is not null;
