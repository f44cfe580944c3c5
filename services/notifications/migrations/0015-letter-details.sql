-- What a letter from template version 2 on shows beyond its event: the customer's time zone and the
-- order's items. Locked with the recipient, so that a re-send gives the same bytes. The release
-- before sends letters of version 1 only, which have none.
alter table letters add column details jsonb;
