-- A claim changes no indexed column. With room beside the row its new version stays on the page and
-- touches no index; half of a page is that room.
alter table outbox set (fillfactor = 50);

-- The relay finds the oldest row of an aggregate among the first unpublished ones.
drop index outbox_unpublished_by_aggregate;
