-- The whole order update, so that a new member of it reaches the letter without a column. Null in
-- letters of older versions. The columns with parts of it stay filled: older versions read them.
alter table letters add column event jsonb;
