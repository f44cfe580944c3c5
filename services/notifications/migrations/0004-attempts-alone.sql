-- An attempt is written for a letter that was read before, and letters are never deleted: looking
-- the letter up again for each attempt, and locking it, was a sixth of what recording one costs.
alter table letter_attempts drop constraint letter_attempts_letter_id_fkey;
