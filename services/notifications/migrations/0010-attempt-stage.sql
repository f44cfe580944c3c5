-- The last step that an attempt reached. Null where it is unknown, and in attempts of older
-- versions, which have it in the error's text only.
alter table letter_attempts add column stage text;
