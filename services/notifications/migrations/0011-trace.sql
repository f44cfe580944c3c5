-- The trace that an attempt belongs to: the one of the order's request, where the event had one.
-- Null in attempts of older versions.
alter table letter_attempts add column trace_id text;
