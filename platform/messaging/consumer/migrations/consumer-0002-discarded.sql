-- A dead letter that an operator discarded: it will never be processed. `redriven_at` is set too, so
-- that nothing counts it and no bulk redrive takes it, also not in a replica of the release before.
alter table dead_letters
  add column discarded_at timestamptz,
  add column discarded_by text,
  add column discard_reason text;

create index dead_letters_discarded on dead_letters (id desc) where discarded_at is not null;
