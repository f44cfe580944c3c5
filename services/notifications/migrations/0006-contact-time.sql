-- How long an attempt waited for profiles: null where it was not asked, did not answer, or the
-- attempt was recorded before this was.
alter table letter_attempts add column contact_ms integer;
