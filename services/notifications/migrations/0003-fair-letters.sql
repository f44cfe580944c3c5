-- Letters are taken in turn by customer, so that one with very many does not keep the others
-- waiting. `ready` marks those that nobody holds and that wait for nothing but their turn: with it
-- the customers who have such a letter are found by stepping through an index, however many
-- letters wait for another try. A due letter that is not ready yet is made so by the next claim.
alter table letters add column ready boolean not null default true;

update letters set ready = false
  where state in ('queued', 'sending', 'committing') and due_at > now();

drop index letters_due;
create index letters_due on letters (ready, due_at)
  where state in ('queued', 'sending', 'committing');
create index letters_in_turn on letters (customer_id, due_at)
  where ready and state in ('queued', 'sending', 'committing');
