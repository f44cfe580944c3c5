-- The latest refusal of each kind that was about us and not about a letter, for the operator: the
-- letters wait meanwhile. At most a row for each kind.
create table mail_refusals (
  fault text primary key,
  response text not null,
  refused_at timestamptz not null default now()
);
