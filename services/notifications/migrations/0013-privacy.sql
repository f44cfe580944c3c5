-- When a letter lost its addresses and texts, by an erasure or at the end of its retention. The row
-- stays: it keeps its event from becoming a second letter, and its order is compared with it.
alter table letters add column erased_at timestamptz;

-- A letter that is sent has a recipient, until it is erased. No check replaces this one: a replica of
-- the release before may record `sent` after the erasure of its letter.
alter table letters drop constraint letters_check;

-- The retention finds the oldest letters that have ended and still have their texts. In words that
-- the planner cannot take for a condition on the state, so that no other statement uses this index.
create index letters_with_texts on letters (id)
  where (state in ('sent', 'failed') and erased_at is null) is true;

-- Where rows of letters are deleted too (INBOX_RETENTION_DAYS): a missing letter up to this id is not
-- lost. At most one row.
create table inbox_retention (
  only_row boolean primary key default true check (only_row),
  deleted_through uuid not null
);

-- Customers whose letters are erased. A worker that began before may record its attempt later, so
-- their letters are looked at again for some days.
create table erased_customers (
  customer_id text primary key,
  erased_at timestamptz not null default now(),
  swept_at timestamptz not null default now()
);
create index erased_customers_by_sweep on erased_customers (swept_at);
