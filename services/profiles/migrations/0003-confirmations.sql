-- When the customer proved that the address is theirs. Customers of earlier releases count as
-- confirmed; the default changes afterwards, so that no row is rewritten and new ones are not.
alter table profiles add column email_confirmed_at timestamptz default now();
alter table profiles alter column email_confirmed_at set default null;

-- Another address needs a confirmation of its own. A trigger, because replicas of the release
-- before change addresses too. A change of case is none: collation "C" lowers ASCII only.
create function forget_confirmation() returns trigger language plpgsql as $$
begin
  new.email_confirmed_at := null;
  return new;
end
$$;

create trigger profiles_forget_confirmation before update of email on profiles for each row
  when (lower(old.email collate "C") <> lower(new.email collate "C"))
  execute function forget_confirmation();

-- Tokens of the links in letters, as SHA-256: the table confirms nothing to its reader. Each is for
-- one customer and one address in lower case. At most ten a day and customer are kept.
create table confirmation_tokens (
  hash bytea primary key,
  customer_id text not null,
  email text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);
create index confirmation_tokens_by_customer on confirmation_tokens (customer_id, created_at);
create index confirmation_tokens_by_expiry on confirmation_tokens (expires_at);
