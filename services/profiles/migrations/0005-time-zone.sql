-- IANA time zone of the moments in letters; null is UTC. A replica of the release before leaves it
-- as it is.
alter table profiles add column time_zone text;
