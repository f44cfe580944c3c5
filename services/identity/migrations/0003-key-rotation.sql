-- When a published key begins to sign; null for a key that signs or has signed. Until then its
-- "expiresAt" is in the past: versions without this column publish such a key, and do not sign with it.
alter table "jwks" add column "signsFrom" timestamptz;
