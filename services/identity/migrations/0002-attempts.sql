-- Attempts in the present window of each account or client address. The window starts with the
-- first attempt; what is past resets_at counts no more.
create table attempts (
  kind text not null,
  subject text not null,
  count integer not null,
  resets_at timestamptz not null,
  primary key (kind, subject)
);
create index attempts_by_reset on attempts (resets_at);
