-- Failed letters about which an operator decided that nothing is to be done. A resend removes the
-- row; one that is older than the letter's `trying_since` counts no more, because a replica of the
-- release before resends a letter without removing it.
create table letter_acknowledgements (
  letter_id uuid primary key,
  -- The operator's customer id.
  actor text not null,
  reason text not null,
  -- The moment of the statement: a letter that is resent meanwhile has a later `trying_since`.
  acknowledged_at timestamptz not null default clock_timestamp()
);

-- Where a failed attempt sent the letter, masked; null before it had an address, in attempts that
-- arrived (the letter has the recipient), and in attempts of older versions.
alter table letter_attempts add column address text;
