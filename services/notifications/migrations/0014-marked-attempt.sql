-- The attempt whose marker before the final dot is stored. It is in no index, and pages keep room for
-- another version of their rows: so storing the marker touches no index. The release before, which
-- does not know it, still counts: the marker adds to `unknown_outcomes` in advance, and the record
-- of the answer takes it back.
alter table letters add column marked_attempt integer;
alter table letters set (fillfactor = 70);
