-- Figures of the service at moments of the last hour, for charts: one row for each step of time,
-- whatever the number of replicas.
create table samples (
  -- The beginning of the step.
  at timestamptz primary key,
  figures jsonb not null
);
