-- Operators find a customer by the address, in any case of its letters. Collation "C" lowers ASCII
-- only, which is all that an address has, and the same in every database.
create index profiles_by_email on profiles (lower(email collate "C"), customer_id);
