-- Every step of a repair after a restore: who did it and why, in the transaction of its change.
create table repairs (
  id uuid primary key,
  step text not null,
  subject uuid not null,
  detail jsonb not null,
  reason text not null,
  made_by text not null,
  created_at timestamptz not null default now(),
  unique (subject, step)
);
