create table profiles (
  customer_id text primary key,
  email text not null,
  name text not null,
  locale text not null check (locale in ('ru', 'en')),
  version integer not null default 1,
  updated_at timestamptz not null default now()
);
