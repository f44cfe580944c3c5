alter table letters
  -- Trying ends a day after this moment; the operator's resend sets it anew.
  add column trying_since timestamptz not null default now();

update letters set trying_since = created_at;

-- The operator's lists, newest first within each state; whatever the state, the index holds just
-- what is listed, also while most letters wait for a mail server that is down.
create index letters_by_state on letters (state, id desc);
drop index letters_failed;

alter table dead_letters
  add column redrives integer not null default 0,
  add column redrive_tried_at timestamptz,
  add column redriven_at timestamptz;

-- For the redrive of many: least recently tried first.
create index dead_letters_due on dead_letters (redrive_tried_at nulls first, id)
  where redriven_at is null;
create index dead_letters_dead on dead_letters (id desc) where redriven_at is null;
create index dead_letters_redriven on dead_letters (id desc) where redriven_at is not null;
