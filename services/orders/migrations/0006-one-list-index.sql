-- Lists by customer are merged from the index by customer and status: two index entries fewer for
-- each order. The release before goes on to work: it sorts the entries of a customer, or reads the
-- primary key backwards, which takes 0.6 s at a million orders.
drop index orders_by_customer;
