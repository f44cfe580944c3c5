-- A session begins with a sign-in and goes on by refresh tokens, each of which is used once. Only
-- hashes of tokens are stored. The table "session" of 0001 belongs to earlier versions, stays empty.
create table sessions (
  -- The claim "sid" of its access tokens.
  id uuid primary key,
  account_id uuid not null references "user" ("id") on delete cascade,
  -- Of the part that all refresh tokens of a session share: it tells a used token from an invented one.
  family_hash bytea not null,
  token_hash bytea not null,
  -- Of the token before, which is accepted again for a moment: its answer may have been lost.
  previous_hash bytea,
  rotated_at timestamptz,
  -- Keyed hash of the client address that signed in.
  client_hash bytea not null,
  created_at timestamptz not null default now(),
  used_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz
);
create index sessions_by_account on sessions (account_id, used_at);
create index sessions_by_end on sessions (ended_at) where ended_at is not null;
create index sessions_by_expiry on sessions (expires_at);

-- One-time tokens of letters that reset a password. A row without an account belongs to an unknown
-- address: it is written so that both take the same time.
create table password_resets (
  token_hash bytea primary key,
  account_id uuid references "user" ("id") on delete cascade,
  expires_at timestamptz not null
);
create index password_resets_by_account on password_resets (account_id);
create index password_resets_by_expiry on password_resets (expires_at);
