-- The same rows as before, in words that the planner cannot take for a condition on the state:
-- while statistics say that next to nothing waits, it prefers `letters_due`, and reads all that
-- waits once for each customer.
drop index letters_in_turn;
create index letters_in_turn on letters (customer_id, due_at)
  where (ready and state in ('queued', 'sending', 'committing')) is true;
