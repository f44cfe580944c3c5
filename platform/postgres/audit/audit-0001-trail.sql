-- Actions of operators and lock-outs of sign-ins, in the database where they happen. Rows are only
-- added. They hold ids, states and amounts: never a name, an address or a text of a customer.
create table audit_trail (
  -- UUIDv7, so that lists of several services merge by id.
  id uuid primary key,
  at timestamptz not null default now(),
  -- The operator's customer id; null where the system itself acted.
  actor text,
  action text not null,
  -- Ids by their kind, and their values once more for the search by id.
  subject jsonb not null,
  subject_ids text[] not null,
  reason text,
  before jsonb,
  after jsonb,
  trace_id text,
  check (octet_length(subject::text) <= 4096),
  check (octet_length(before::text) <= 4096),
  check (octet_length(after::text) <= 4096)
);
create index audit_trail_by_actor on audit_trail (actor, id);
create index audit_trail_by_action on audit_trail (action, id);
create index audit_trail_by_subject on audit_trail using gin (subject_ids);

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit_trail is append-only' using errcode = 'insufficient_privilege';
end $$;

create trigger audit_trail_append_only before update or delete or truncate on audit_trail
  for each statement execute function refuse_audit_change();

-- The default privileges of the database grant the service's role changes of every new table.
do $$
declare
  other name;
begin
  for other in
    select distinct pg_get_userbyid(acl.grantee) from pg_class, aclexplode(relacl) acl
      where pg_class.oid = 'audit_trail'::regclass and acl.grantee not in (0, relowner)
  loop
    execute format('revoke update, delete, truncate on audit_trail from %I', other);
  end loop;
end $$;
