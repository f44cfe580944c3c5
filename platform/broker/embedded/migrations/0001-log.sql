-- The embedded broker's log. Its own database, so plain names.

create table topics (
  number int generated always as identity primary key,
  -- Told to publishers: a topic made anew under the same name has another id.
  id uuid not null unique default gen_random_uuid(),
  name text not null unique,
  partitions int not null check (partitions > 0)
);

-- A row's lock, held to the commit of the messages it numbers, is what makes offsets commit in
-- order. Many updates of few rows: room on the page keeps them "heap only".
create table partitions (
  topic int not null references topics on delete cascade,
  partition int not null,
  next_offset bigint not null default 0,
  primary key (topic, partition)
) with (fillfactor = 20);

-- No foreign key: its check would cost a lookup per message, and the statement that inserts
-- already joins the partition's row.
create table messages (
  topic int not null,
  partition int not null,
  "offset" bigint not null,
  key bytea,
  value bytea,
  -- [[name, base64 of the value], …]; json, not jsonb, which refuses \u0000 in a name.
  headers json not null,
  stored_at timestamptz not null default now(),
  primary key (topic, partition, "offset")
);

create table positions (
  topic int not null references topics on delete cascade,
  "group" text not null,
  partition int not null,
  -- The offset that the group handles next.
  position bigint not null default 0,
  lease_owner uuid,
  lease_until timestamptz,
  primary key (topic, "group", partition)
) with (fillfactor = 20);

create table members (
  topic int not null references topics on delete cascade,
  "group" text not null,
  member uuid not null,
  -- The heartbeat, as the moment until which it counts: each member's own lease time rules.
  alive_until timestamptz not null,
  primary key (topic, "group", member)
) with (fillfactor = 20);
