-- Requests to erase a customer. The row stays when all is erased: it keeps a profile from coming back.
create table erasures (
  customer_id text primary key,
  requested_at timestamptz not null default now(),
  -- The customer's own id or the operator's.
  requested_by text not null,
  reason text,
  -- Addresses and names that texts of others may repeat. Emptied at the end.
  traces jsonb not null default '[]',
  waits_for text,
  leased_until timestamptz,
  done_at timestamptz
);
create index erasures_open on erasures (leased_until nulls first, requested_at)
  where done_at is null;
create index erasures_by_request on erasures (requested_at desc);

-- A version that knows no erasures may still write a profile, for example from a living token. The
-- row is dropped silently, so that such a version answers as if there were none.
create function skip_erased_profile() returns trigger language plpgsql as $$
begin
  if exists (select from erasures where customer_id = new.customer_id) then return null; end if;
  return new;
end $$;

create trigger profiles_without_erased before insert or update on profiles
  for each row execute function skip_erased_profile();
