import type { Queryable } from '#platform/postgres/database.ts';

export type Role = 'customer' | 'operator';

/** An account with the hash of its password. Addresses are in lower case. */
export interface StoredAccount {
  id: string;
  role: Role;
  passwordHash: string | null;
}

export interface AccountWithAddress extends StoredAccount {
  email: string;
}

/** For `user u` and an id in $1. The primary key answers by a UUID only. */
export const BY_ID = `u.id = case
    when $1 ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' then $1::uuid end`;

// Earlier versions use the two tables through better-auth (decision 22). The tables keep its names,
// so that both versions can run during an update.

export async function findAccount(db: Queryable, email: string): Promise<StoredAccount | null> {
  const { rows } = await db.query<StoredAccount>(
    `select u.id, u.role, a.password as "passwordHash"
       from "user" u left join account a on a."userId" = u.id and a."providerId" = 'credential'
      where u.email = $1`,
    [email],
  );
  return rows[0] ?? null;
}

/** @param id any text: an id of another issuer is no UUID, and has no account here */
export async function getAccount(db: Queryable, id: string): Promise<AccountWithAddress | null> {
  const { rows } = await db.query<AccountWithAddress>(
    `select u.id, u.role, u.email, a.password as "passwordHash"
       from "user" u left join account a on a."userId" = u.id and a."providerId" = 'credential'
      where ${BY_ID}`,
    [id],
  );
  return rows[0] ?? null;
}

/** @returns the new account's id, null when the address is taken */
export async function insertAccount(
  db: Queryable,
  { email, passwordHash, role }: { email: string; passwordHash: string; role: Role },
): Promise<string | null> {
  // `name` stays empty: the profiles service stores the customer's name.
  const { rows } = await db.query<{ id: string }>(
    `with person as (
       insert into "user" (name, email, "emailVerified", role) values ('', $1, false, $2)
       on conflict (email) do nothing returning id)
     insert into account ("accountId", "providerId", "userId", password, "updatedAt")
     select id, 'credential', id, $3, now() from person returning "userId" as id`,
    [email, role, passwordHash],
  );
  return rows[0]?.id ?? null;
}

export async function setPassword(db: Queryable, id: string, passwordHash: string): Promise<void> {
  await db.query(
    `update account set password = $2, "updatedAt" = now()
      where "userId" = $1 and "providerId" = 'credential'`,
    [id, passwordHash],
  );
}

/** Gives this account the role and takes it from any other. @returns the changed accounts */
export async function setOnlyOperator(
  db: Queryable,
  id: string,
): Promise<Pick<StoredAccount, 'id' | 'role'>[]> {
  const { rows } = await db.query<Pick<StoredAccount, 'id' | 'role'>>(
    `update "user" set role = case when id = $1 then 'operator' else 'customer' end,
                       "updatedAt" = now()
      where (role = 'operator') <> (id = $1)
      returning id, role`,
    [id],
  );
  return rows;
}
