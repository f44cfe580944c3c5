-- The event's time in the very bytes of its header ce_time, so that our relay and Debezium tell it
-- alike: of a timestamptz Debezium would tell six digits, and the header cannot be converted.
alter table outbox add column event_time text;

update outbox
set event_time = to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

-- A replica that does not know the column yet may still write. As in created_at, now() is the
-- moment of the transaction: both tell the same.
alter table outbox
  alter column event_time set default to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  alter column event_time set not null;

-- Always the same, and here for Debezium only: Kafka Connect can add a constant header, but would
-- make the number 1 of this text.
alter table outbox add column spec_version text not null default '1.0';
