-- What the settings EVENT_SOURCE and EVENT_TYPE_ALIAS said when the order ended. A consumer tells events
-- apart by source and id, so a repetition must not change its source when the setting changes. Rows of
-- before, and of a replica that does not know the columns yet, have the source of before.
alter table outbox add column event_source text not null default '/orders';
alter table outbox add column type_alias text;
