-- Every step of a repair after a restore: who did it and why, in the transaction of its change.
-- An event may be published again after each of several restores, so nothing is unique here.
create table repairs (
  id uuid primary key,
  step text not null,
  subject uuid not null,
  detail jsonb not null,
  reason text not null,
  made_by text not null,
  created_at timestamptz not null default now()
);
