import { queryRows } from '#harness/database.ts';
import { BASELINE_WALLETS, type BaselineStatement } from './statements.ts';

// The lower baseline: an order without items, keys, audit or history. It says what our tables cost
// beside the least that three services could store.

/** Makes plain tables and their wallets in an empty database. */
export async function makePlainTables(url: string): Promise<void> {
  await queryRows(url, PLAIN_TABLES);
}

const PLAIN_TABLES = `
  create table orders (
    id uuid primary key default gen_random_uuid(),
    customer_id text not null,
    amount bigint not null,
    status text not null,
    operation_id uuid,
    created_at timestamptz not null default now()
  );
  create table wallets (
    customer_id text primary key,
    balance bigint not null check (balance >= 0)
  );
  create table operations (
    id uuid primary key default gen_random_uuid(),
    order_id uuid not null unique,
    customer_id text not null,
    amount bigint not null,
    created_at timestamptz not null default now()
  );
  create table outbox (
    id bigint generated always as identity primary key,
    order_id uuid not null,
    customer_id text not null,
    created_at timestamptz not null default now()
  );
  insert into wallets
    select 'c' || lpad(n::text, 4, '0'), 1000000000000 from generate_series(1, ${BASELINE_WALLETS}) as n`;

/** The same three writes of an order, each a statement and a commit of its own. */
export const plainStatements: BaselineStatement[] = [
  {
    prefix: 'order_',
    text: `insert into orders (customer_id, amount, status)
      values ('c' || lpad(:wallet::int::text, 4, '0'), 25, 'Pending') returning id, customer_id`,
  },
  {
    prefix: 'operation_',
    text: `with charged as (
        update wallets set balance = balance - 25
        where customer_id = :order_customer_id and balance >= 25 returning customer_id
      )
      insert into operations (order_id, customer_id, amount)
      select :order_id::uuid, customer_id, 25 from charged returning id`,
  },
  {
    text: `with settled as (
        update orders set status = 'Paid', operation_id = :operation_id::uuid
        where id = :order_id::uuid and status = 'Pending' returning id, customer_id
      )
      insert into outbox (order_id, customer_id) select id, customer_id from settled`,
  },
];
