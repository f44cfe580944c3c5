-- What a queued letter waits for besides its turn: `confirmation` of the customer's address. Its
-- `due_at` is then the end of its day, so that no worker claims it in vain.
alter table letters add column waits_for text;
create index letters_waiting_for on letters (customer_id, id)
  where waits_for is not null and state = 'queued';

-- The letters that an address got within an hour, each in a slot of its own: a slot is taken again
-- only an hour later, so no hour has more letters than there are slots. Over all replicas.
create table recipient_slots (
  -- In lower case.
  address text not null,
  -- Letters that share the slots: all to an unconfirmed address, or those of one kind.
  class text not null,
  slot integer not null,
  letter_id uuid not null,
  taken_at timestamptz not null default now(),
  primary key (address, class, slot)
);
create index recipient_slots_by_age on recipient_slots (taken_at);

-- Letters about an account, which the gateway asks for. The link holds a secret, so it is removed
-- when the letter has ended.
create table account_letters (
  id uuid primary key,
  kind text not null,
  email text not null,
  locale text not null,
  link text,
  state text not null default 'queued' check (state in ('queued', 'sending', 'sent', 'failed')),
  -- Fence: only the holder of the token may record the attempt.
  token uuid,
  -- When a worker may take it: the next attempt of a queued letter, the lease's end of another.
  due_at timestamptz not null default now(),
  attempt_count integer not null default 0,
  failure text,
  smtp_response text,
  sent_at timestamptz,
  created_at timestamptz not null default now()
);
create index account_letters_due on account_letters (due_at) where state in ('queued', 'sending');
create index account_letters_by_email on account_letters (lower(email collate "C"));
create index account_letters_by_age on account_letters (created_at);
