-- Why recovery could not end an order yet, for the operator.
alter table orders
  add column recovery_attempts integer not null default 0,
  add column recovery_error text,
  -- The order's event. It stays when the outbox row is deleted after its retention, so that an
  -- order, its event and its letter can be compared for ever. Invariant I5.
  add column event_id uuid;

update orders set event_id = outbox.id from outbox where outbox.aggregateid = orders.id::text;

-- Where each partition's acknowledged messages end: how a lost tail is noticed.
create index outbox_positions on outbox (topic_id, partition, "offset") where published_at is not null;
