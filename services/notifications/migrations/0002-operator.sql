alter table letters
  -- Trying ends a day after this moment; the operator's resend sets it anew.
  add column trying_since timestamptz not null default now();

update letters set trying_since = created_at;

-- The operator's lists of what is not sent: few rows among many.
create index letters_open on letters (id desc) where state in ('queued', 'sending', 'committing');

alter table dead_letters
  add column redrives integer not null default 0,
  add column redrive_tried_at timestamptz,
  add column redriven_at timestamptz;

create index dead_letters_dead on dead_letters (redrive_tried_at nulls first, id)
  where redriven_at is null;
