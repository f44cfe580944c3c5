-- A reversal undoes one earlier operation of the same wallet, whole, and says why and who did it.
-- Its key is made of that operation's id, so `unique (customer_id, idempotency_key)` refuses a
-- second one, and no new index is needed on a table that may be large.
alter table operations
  add column reverses_operation_id uuid references operations,
  add column reason text,
  add column made_by text;

-- NOT VALID: rows of before satisfied stricter rules, so reading all of them would find nothing.
alter table operations
  drop constraint operations_type_check,
  drop constraint operations_check,
  drop constraint operations_check2,
  add constraint operations_type_check
    check (type in ('top_up', 'charge', 'reversal')) not valid,
  add constraint operations_sign_check check (
    case type when 'top_up' then amount > 0 when 'charge' then amount < 0 else amount <> 0 end
  ) not valid,
  add constraint operations_key_check
    check ((type = 'charge') = (idempotency_key is null)) not valid,
  add constraint operations_reversal_check check (
    num_nonnulls(reverses_operation_id, reason, made_by)
      = case type when 'reversal' then 3 else 0 end
  ) not valid;

-- The one currency of this database's wallets. The first start writes it, for ever: with another
-- setting of CURRENCY, billing does not start.
create table wallet_currency (
  only_row boolean primary key default true check (only_row),
  currency text not null
);

-- Wallets of before. Where CURRENCY was changed over them, the currency that most of them have.
insert into wallet_currency (currency)
select currency from wallets group by currency order by count(*) desc, currency limit 1;
